"""The guest page: static files that open a stay in the guest's own browser, and a relay that drops addresses."""
