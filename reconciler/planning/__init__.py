"""Makes plans. Pure functions from values to values: no module here calls a cloud, a disk or a clock."""
