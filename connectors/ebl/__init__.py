"""Connectors of the family ebl."""
