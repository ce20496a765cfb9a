"""What a sample is, and what a cloud takes: bytes in, values out. No files, no network; PyAV only in `decoding`."""
