"""The model: frozen values without I/O. Code that needs a clock, a disk or the network belongs into another package."""
