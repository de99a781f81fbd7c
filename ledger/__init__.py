"""The ledger, sealed records and evidence; knows nothing of the server."""
