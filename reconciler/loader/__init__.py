"""The loader: YAML -> Manifest. Reports all problems at once, with file, line and column."""
