"""Price tests with guard rails: Thompson sampling above the floor, and what a test says."""
