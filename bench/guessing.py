"""What one guess at a document number costs: `python -m bench.guessing`.

Without the number, court's and oversight's keys together leave only trying numbers. Each guess is one
Argon2id (64 MiB, t=3, p=1) per record, for its mark or for the number's wrap.
It is compared with a plain SHA-256, which is what a bare hash would cost.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import time

from records.suite import stretch_number

GUESSES = 20
NUMBER = "990101199003071234"
SPACES = {
    "region and birth date known: 1,000 numbers": 1_000,
    "region known, born in a span of 40 years: 14.6 million": 365 * 40 * 1_000,
    "3,000 regions, born in a span of 40 years: 44 billion": 3_000 * 365 * 40 * 1_000,
}


def measure_guess_ms(guesses: int = GUESSES) -> float:
    """Return the median cost of one guess in ms on this machine, all its cores free to help."""
    salt = os.urandom(16)
    times_s = []
    for _ in range(guesses):
        start_s = time.perf_counter()
        stretch_number(NUMBER, salt)
        times_s.append(time.perf_counter() - start_s)
    return statistics.median(times_s) * 1000


def measure_hash_ms(rounds: int = 100_000) -> float:
    """Return the cost of one SHA-256 of a number in ms, for the ratio."""
    data = NUMBER.encode()
    start_s = time.perf_counter()
    for _ in range(rounds):
        hashlib.sha256(data).digest()
    return (time.perf_counter() - start_s) / rounds * 1000


def main() -> None:
    """Print the cost of a guess, and what it means for whole sets of numbers."""
    guess_ms, hash_ms = measure_guess_ms(), measure_hash_ms()
    print(f"one guess: {guess_ms:.0f} ms and 64 MiB ({guess_ms / hash_ms:,.0f} times a plain SHA-256)")
    print(f"a million numbers: {guess_ms * 1_000_000 / 3_600_000:.0f} hours on this machine, for one record")
    for text, count in SPACES.items():
        print(f"{text}: {count * guess_ms / 3_600_000:,.2f} hours")
    print("More machines divide this. The wrap slows guessing, it does not prevent it (SECURITY.md).")


if __name__ == "__main__":
    main()
