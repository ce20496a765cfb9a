"""The HTTP exchange that every adapter shares: one client, deadlines, proxies, TLS."""
