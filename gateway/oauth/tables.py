"""At rest."""
