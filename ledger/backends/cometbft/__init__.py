"""The ledger replicated: CometBFT 0.38 orders the entries, the same state machine answers it over ABCI 2.0."""
