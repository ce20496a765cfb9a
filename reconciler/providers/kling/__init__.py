"""Kling: one adapter for its custom voices."""
