"""One procedure for each action: the life of a change, to be read from top to bottom."""
