"""The machine's addresses and ports."""
