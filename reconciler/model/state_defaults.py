"""The defaults of the section `state:`, apart from its model, which most runs do not need."""

from __future__ import annotations

LOCAL = "local"  # as a URL: the state file beside the manifest
KEPT = 10  # snapshots that a backend keeps
LEASE = 60.0  # seconds after which another run may take over a lock that is not renewed
LONGEST_RUN = 7200.0  # seconds; only for the engine http, whose locks have no lease
