"""Connectors of road standards."""
