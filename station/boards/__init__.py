"""The boards: what came of the alerts, in figures that point at nobody."""
