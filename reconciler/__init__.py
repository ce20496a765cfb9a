"""voicectl: Terraform for AI voices.

Imports run one way: cli -> wiring -> engine -> the rooms -> protocols -> model -> errors.
"""

__version__ = "0.1.0"
