"""Numbered migrations of the books, run by `migrate.py`; past ones never change."""
