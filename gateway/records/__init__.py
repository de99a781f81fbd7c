"""Sealed records and the originals they were made from: encrypted at rest, versioned, never changed once sealed."""
