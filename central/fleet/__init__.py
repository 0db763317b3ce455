"""The terminals as an administrator sees them: heartbeats in, and the state of each. No guest data: there is none."""
