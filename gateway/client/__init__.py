"""What a bank or a provider imports: HTTP, DPoP, evidence. Knows nothing of the server."""
