"""`undercut audit`: an expert looks at a sample of labels, a certificate is left beside them."""
