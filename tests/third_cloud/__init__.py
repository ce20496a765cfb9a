"""A cloud that another package adds: the whole of what its author writes is in `acme_voices`."""
