"""How the relay's database became what `schema.py` says, step by step. Run by `open_relay_store`."""
