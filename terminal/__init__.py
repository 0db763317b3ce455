"""The terminal at the counter: reads a document, registers a stay, keeps it until it is receipted.

It knows `drivers` and `records`, nothing else. Rooms: `guest_book` composes stays, `house_store` and
`outbox` keep them (`store`), `uploader` and `link` deliver, `counter` ties them together for `screen`.
"""
