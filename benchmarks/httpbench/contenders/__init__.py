"""Other ways to serve the same work."""
