"""Court and oversight body: the root file, disclosure of one record by several keys, and the guest page."""
