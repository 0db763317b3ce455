"""The screening office: compares what passes with courts' decisions, in memory, and forgets it.

Second distribution, a demonstration for specimens on one machine. It listens nowhere: it calls the relay and the desk.
"""
