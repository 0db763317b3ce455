"""Nothing is here yet: the room of the pure comparing functions, drawn in the design.

It is not part of the distribution `kuaijietong`. Registration neither needs nor contains it.
"""
