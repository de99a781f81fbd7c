"""Measurements of the replicated ledger: `python -m benchmarks.ledger`."""
