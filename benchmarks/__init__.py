"""Measurements beside their baselines, in one run on one machine: `make bench`."""
