"""The verifier as one HTML page, served at `/verify`: it checks evidence in the browser, and works from a disk too."""
