"""Connectors: one a standard, data and pure functions, no I/O."""
