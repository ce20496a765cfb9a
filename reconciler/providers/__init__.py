"""The adapters of the clouds. Each one translates the API of one cloud; it makes no decisions and keeps no state."""
