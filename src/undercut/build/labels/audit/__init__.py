"""How wrong labels are: what to draw, what the drawn answers prove, at a stated confidence."""
