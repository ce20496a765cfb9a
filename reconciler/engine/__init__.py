"""Runs plans: use cases, threads, rate limits and the store. Depends on the protocols, never on one adapter."""
