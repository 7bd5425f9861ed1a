"""Selling from files and commands: the market file, prices, offers."""
