"""The folder of countries' certificates that a counter believes: one file a certificate, named by its fingerprint."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from drivers.errors import ChipDamaged
from drivers.proto.certificates import Certificate
from drivers.proto.csca import CscaStore

_SUFFIX = ".cer"


def write_certificates(folder: Path, certificates: Iterable[Certificate]) -> int:
    """Add certificates to the folder, made where it is not there; return how many were not in it. Raises: OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    added = 0
    for certificate in certificates:
        path = folder / f"{certificate.fingerprint}{_SUFFIX}"
        if path.exists():
            continue
        # Under another name first: half a certificate is none.
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(certificate.der)
        os.replace(unfinished, path)
        added += 1
    return added


def load_store(folder: Path) -> CscaStore:
    """Return a store of the folder's certificates; files that are none are passed over. Raises: OSError."""
    certificates = []
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            certificates.append(Certificate(path.read_bytes()))
        except ChipDamaged:
            continue
    return CscaStore(certificates)
