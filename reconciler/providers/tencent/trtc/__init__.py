"""Tencent Cloud VOD: custom voices, clones and generated sounds."""
