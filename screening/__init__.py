"""Nothing is here yet: the room of the screening office, drawn in the design.

It is not part of the distribution `kuaijietong`. Registration neither needs nor contains it.
"""
