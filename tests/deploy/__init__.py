"""How the program is put to work: its containers, its tables, its secrets."""
