"""The counter: ties reader, desk and outbox together for the screen (`terminal.state.CounterService`).

`board` is what the screen waits on, `listener` hears the reader, `arrivals` are the guests who wait for a room,
`stays` is what is done with stays, and `service` is the whole.
"""

from terminal.counter.service import Counter

__all__ = ["Counter"]
