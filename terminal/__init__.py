"""The terminal at the counter: reads a document, registers a stay, keeps it until it is receipted.

It knows `drivers` and `records`, nothing else. Rooms: `guest_book` composes stays, `desk` seals and keeps
them (`store`: house store and outbox), `uploader` and `link` deliver, `house_watch` asks for what opens the
names of guests in house, `counter` ties them together for `screen`, `process` starts and ends all of it.
"""
