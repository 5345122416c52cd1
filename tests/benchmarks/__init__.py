"""Measurements, as ratios inside one run. `make bench` runs them; none is a test."""
