"""Encryption of all that is stored: AES-256-GCM, with one data key a lineage that each of the user's keys wraps."""
