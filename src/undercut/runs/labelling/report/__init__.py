"""The report of a labelled folder: JSON, a page in two languages, lines for the terminal."""
