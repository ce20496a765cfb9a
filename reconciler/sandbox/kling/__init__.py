"""The sandbox's Kling."""
