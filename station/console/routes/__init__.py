"""The officers' routes, one module for each kind; `station.console.app` adds them to the application."""
