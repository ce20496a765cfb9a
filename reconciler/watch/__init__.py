"""The process that never sleeps: it looks, converges if told to, and says what it saw. It decides nothing itself."""
