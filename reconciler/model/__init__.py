"""THE NOUNS. Frozen values without I/O: no clock, no disk, no net. Whoever needs one is in the wrong room."""
