"""Triage decides: classification, routing, deadlines, casework, and the console of the staff."""
