"""Who takes part, in which role, with which keys; who is whose customer; which people sign for an owner."""
