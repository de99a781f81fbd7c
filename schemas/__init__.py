"""JSON Schemas of the data products, and the one way to load and apply them."""
