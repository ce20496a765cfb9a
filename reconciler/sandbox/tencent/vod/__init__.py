"""Tencent Cloud VOD in the sandbox."""
