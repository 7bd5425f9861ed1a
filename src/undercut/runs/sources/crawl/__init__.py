"""The polite crawler."""
