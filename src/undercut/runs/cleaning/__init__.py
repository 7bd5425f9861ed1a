"""Cleaning: from many sources to one clean, leak-free folder; joins sources, steps and store."""
