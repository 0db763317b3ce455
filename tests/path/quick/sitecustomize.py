"""Makes the two slow functions quick in every process of a town that is started with this folder in PYTHONPATH.

Python imports it by its name at the start. For towns whose tests register hundreds and open nobody by a number; the
product knows nothing of it, and all other sealing stays real.
"""

import hashlib

from records import suite


def _stretch_quickly(secret: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + secret.encode("ascii")).digest()


suite.stretch_number = suite.stretch_guest_secret = _stretch_quickly
