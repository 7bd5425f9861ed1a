"""Joins the rooms of selling with files, the clock and the network."""
