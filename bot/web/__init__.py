"""The citizens' website and its API."""
