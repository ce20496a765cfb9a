"""What a bad disk does to a run, through the real command: what was bought, what is kept, what is said."""
