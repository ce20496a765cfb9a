"""The sandbox's Tencent Cloud: what VOD and TRTC share, and each of them."""
