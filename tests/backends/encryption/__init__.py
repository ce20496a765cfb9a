"""The encryption of what a backend stores."""
