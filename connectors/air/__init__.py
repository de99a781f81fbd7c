"""Connectors of the family air."""
