"""The data owner's pages: server-rendered, in plain words; script only where the passkey needs it."""
