"""The adapter for custom voices of Kling."""
