"""Tencent Cloud's API in the sandbox: the code that VOD and TRTC share, and each product."""
