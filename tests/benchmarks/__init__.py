"""Figures, printed by a command: `python -m tests.benchmarks`. Nothing here is a test."""
