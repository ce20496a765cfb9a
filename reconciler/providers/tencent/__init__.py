"""Tencent Cloud API 3.0: what VOD and TRTC share, and an adapter for each."""
