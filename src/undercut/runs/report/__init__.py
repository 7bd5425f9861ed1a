"""The report of a run: `report.json` for programs, `report.html` and a table for people.

Nothing is imported here, so that reading one part does not load the others.
"""
