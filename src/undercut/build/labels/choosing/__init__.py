"""Which items to label next: unlabelled texts as vectors and beliefs in, positions out."""
