"""One module a format. Each shows every document of `registry.Format`, from the value and the options alone."""
