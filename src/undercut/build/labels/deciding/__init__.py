"""What to ask next, of whom, and when to stop: answers and prices in, purchases out."""
