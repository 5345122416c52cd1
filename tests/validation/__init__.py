"""Validation of entity JSON (W10): its table of faults, its two schema libraries, real entities."""
