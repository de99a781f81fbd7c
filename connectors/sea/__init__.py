"""Connectors of the family sea."""
