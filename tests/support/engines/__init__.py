"""The real engines that backends are tested against. Each is started once a session, on this machine alone."""
