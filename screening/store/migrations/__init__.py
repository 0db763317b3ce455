"""How the office's database became what `schema.py` says, step by step. Run by `open_screening_store`."""
