"""Backends: they store the bytes of a state, and lock it. They don't know what the bytes mean; the model does."""
