"""The pages of central's administrators: is everything running, which terminals need somebody, and what to do.

They show machines, never guests, and of the records received only totals over all houses. This process opens neither
the receipt key nor the period keys: it does not need them, and it is the one that people's browsers talk to.
"""
