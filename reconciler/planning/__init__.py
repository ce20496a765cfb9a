"""THE THINKING. Pure functions from values to values; nobody here calls a cloud, a disk or a clock."""
