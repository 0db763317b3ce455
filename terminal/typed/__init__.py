"""Documents that no reader reads: typed by the clerk, checked field by field, and marked as typed."""
