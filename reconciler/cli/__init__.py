"""THE COMMAND LINE. Parse, one operation, one view, an exit code; commands are imported when called."""
