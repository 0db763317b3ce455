"""The officers' pages: alerts as they come, one alert in full, and nothing that could search for a guest."""
