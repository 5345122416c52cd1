"""What a request may ask for: measured, reckoned, counted."""
