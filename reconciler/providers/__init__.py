"""THE CLOUDS. Each adapter translates one cloud, once, strictly; it decides nothing and remembers nothing."""
