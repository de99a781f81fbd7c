"""Tell banks what happened, by three ways: webhooks, a stream, and pull by cursor. Events carry no trade data."""
