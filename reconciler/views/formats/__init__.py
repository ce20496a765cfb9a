"""One module for each output format. Each renders every document of `registry.Format`."""
