"""The one place that decides whether a bank may read, and what."""
