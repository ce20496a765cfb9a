"""The command line: each command parses, runs one operation, renders one view and returns an exit code."""
