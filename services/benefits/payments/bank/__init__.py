"""Banks: one port, an adapter for each channel."""
