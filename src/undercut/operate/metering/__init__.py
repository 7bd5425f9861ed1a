"""Keys, admission and the durable record of answered requests."""
