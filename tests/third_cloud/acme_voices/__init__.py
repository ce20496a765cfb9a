"""Acme, a cloud for voicectl: the server chooses the id, takes no key, and lists and deletes voices."""
