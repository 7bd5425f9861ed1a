"""`undercut war`: a rival has cut its price; what each answer earns and whether it is survived."""
