"""The sandbox's Tencent Cloud VOD."""
