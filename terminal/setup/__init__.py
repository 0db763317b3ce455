"""Setting a terminal up by the house's owner: language, one-time code and words, reader, rooms.

Every step is on the disk before the next is shown, so a power cut at any moment goes on where it was.
"""
