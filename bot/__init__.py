"""Bot speaks: every word exchanged with people outside, in and out."""
