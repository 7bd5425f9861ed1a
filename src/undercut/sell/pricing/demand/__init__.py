"""What buyers do at given prices: models of demand and ways to learn them from data."""
