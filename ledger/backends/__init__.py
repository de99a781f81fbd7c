"""Where the ledger runs: one protocol, one implementation an engine."""
