"""A CLOUD TO REHEARSE AGAINST. Speaks the vendors' wire; knows nothing of the adapters that talk to it."""
