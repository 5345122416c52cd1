"""How much a document may ask for: measured before anything of it runs, by rules that are linear in its size."""
