"""`undercut votes`: a crowd's file merged, with what is known of its workers."""
