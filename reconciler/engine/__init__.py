"""THE DOING. Use cases, threads, pacing and the store; knows the two doors, and no adapter behind them."""
