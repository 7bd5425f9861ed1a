"""A labeller in the terminal: single keys, undo, skip, the next item at once.

In reading order: keys, session (what a key does), sheet (answers on disk), screen, run.
"""
