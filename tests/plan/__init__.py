"""The compiled plan says what the standard executor says."""
