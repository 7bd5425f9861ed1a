"""Demand estimated from prices and shares in many markets: Berry, Levinsohn & Pakes (1995)."""
