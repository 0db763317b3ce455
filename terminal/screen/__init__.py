"""The touch screen at the counter: a local page in the kiosk's own browser (`app.make_screen`)."""
