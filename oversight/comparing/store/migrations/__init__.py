"""How the privacy office's database became what `schema.py` says, step by step. Run by `open_store`."""
