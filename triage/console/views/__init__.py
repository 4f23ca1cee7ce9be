"""Handlers, one file per subject. Each parses, makes one call and answers."""
