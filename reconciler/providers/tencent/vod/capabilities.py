"""What VOD can do with the voices of each method. Sources: the VOD documents of the calls that `requests` makes."""

from __future__ import annotations

from reconciler.protocols.provider import ByKey, Capabilities, MethodCapabilities, Unknowable

KEY_WINDOW = 70 * 3600.0  # seconds; 2 h less than VOD's 72 h, so that no call is repeated at the very end
LISTED_METHOD = "clone-minimax"
LISTED_METHODS = frozenset((LISTED_METHOD, "existing"))  # the methods whose voices DescribeVoices lists

CAPABILITIES = Capabilities(
    methods={
        "create": MethodCapabilities(deletes=False, found=ByKey(window=KEY_WINDOW)),
        "clone": MethodCapabilities(deletes=False, found=ByKey(window=KEY_WINDOW), caller_chooses_id=True),
        LISTED_METHOD: MethodCapabilities(updates=True, found=ByKey(window=KEY_WINDOW), activates=True),
        "existing": MethodCapabilities(found=ByKey(window=KEY_WINDOW), activates=True),
        "task": MethodCapabilities(deletes=False, found=Unknowable(), batch=1),
    },
)
