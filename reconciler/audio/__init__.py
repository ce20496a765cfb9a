"""Measures audio samples and checks the clouds' limits. Works on bytes: no files, no network."""
