"""Tencent Cloud API 3.0: the code that VOD and TRTC share, and an adapter for each."""
