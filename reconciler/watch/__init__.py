"""The process that runs for ever: it looks, applies with --apply, and reports. It decides nothing itself."""
