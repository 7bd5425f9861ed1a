"""The HTTP side of serving: a gate, books and an engine become an API."""
