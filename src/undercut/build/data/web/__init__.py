"""What pages, feeds and web archives mean, without touching a network: pure functions on bytes."""
