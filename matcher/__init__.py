"""Judges whether the guest whose number came within one slip of a court's decision is the person it names. Pure.

Numbers find; names, dates and sex only confirm or clear. Nothing here searches: there is no index of names, no rule
for any people, and nothing that keeps what it was shown. It is part of the demonstration of comparison, and not of
the distribution `kuaijietong`, which neither needs nor contains it.
"""
