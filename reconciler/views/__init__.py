"""THE SHOWING. Value in, string out, escaped for its own format; no decision falls here."""
