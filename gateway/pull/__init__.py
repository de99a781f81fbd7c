"""Evidence out: the one hot path, and its receipts."""
