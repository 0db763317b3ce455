"""Readers: everything that sees a document and hands over what stands on it.

`reader.py` is the one interface, `discovery.open_reader` the way to get one by its URL, and
`parse.parse_document` turns what was read into a document. `proto/` knows bytes and no device,
`io/` is the only input and output, `sim/` holds the simulators that ship with the product.
"""
