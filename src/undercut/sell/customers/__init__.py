"""Customers who come back, and those who will not."""
