"""Kling's API in the sandbox."""
