"""The terminals: heartbeats in, the state of each, and to each its house share. No guest data: there is none."""
