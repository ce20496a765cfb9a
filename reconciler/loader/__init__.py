"""YAML -> Manifest, every problem of a run with file, line and column."""
