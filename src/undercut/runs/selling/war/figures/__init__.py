"""Pictures of a war."""
