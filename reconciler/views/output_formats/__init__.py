"""One module for each format of a file that applications read. Each renders rows that are all usable."""
