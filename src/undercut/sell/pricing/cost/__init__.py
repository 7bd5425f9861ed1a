"""What a million answers cost to sell, and the lowest price that still earns that."""
