"""From the journal to the ledger: leaves into batches, entries signed and submitted, and what a proof needs kept.

A pull reads these tables and never asks the ledger.
"""
