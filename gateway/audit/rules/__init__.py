"""Whether what is stored is what the ledger says. Pure: rows in, findings out."""
