"""HTTP for all adapters: the client, deadlines, proxies and TLS."""
