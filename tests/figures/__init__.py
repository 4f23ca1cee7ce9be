"""Figures that are looked at, not asserted."""
