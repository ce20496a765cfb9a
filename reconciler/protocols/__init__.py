"""The interfaces of voicectl: Provider (an account of a cloud), Backend (storage of the state) and Clock."""
