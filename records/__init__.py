"""What the parties share: documents, stays, and the bytes that cross between them.

This package knows no other package of the project. `FORMAT.md` beside this file is the
specification of everything here that leaves a process; `vectors/` holds its test vectors.
"""
