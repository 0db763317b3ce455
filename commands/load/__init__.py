"""A load source that speaks the real protocol to a demonstration on this machine, for trials and benches."""
