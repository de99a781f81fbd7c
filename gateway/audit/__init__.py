"""Re-verify the ledger from its genesis on, and everything that the gateway's database keeps against it."""
