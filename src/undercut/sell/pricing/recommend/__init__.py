"""From costs and a market to a price with its range, and to a plan and a price together."""
