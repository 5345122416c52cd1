"""`python -m app.commands`: the command without its script."""

from app.commands import main

main()
