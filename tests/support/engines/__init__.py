"""Real engines for tests: each fixture starts its own on loopback, and ends it by its pid."""
