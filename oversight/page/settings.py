"""Settings of the guest page's process."""

from __future__ import annotations

from pathlib import Path

import msgspec


class PageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One TOML file; what it does not say (profile, notice key, demonstration) stands in the signed root file."""

    address: str
    port: int
    central: str  # base address of central ingest, such as http://127.0.0.1:8701
    root: Path  # root.note
    root_verifier: str  # verifier key of the root file, in its published form
    notices: Path  # folder of signed notices of disclosure
    office: str = ""  # base address of the privacy office's intake; left out: the page takes no requests
    office_key: Path | None = None  # the file that intake knows the page by
    privacy_key: Path | None = None  # privacy-key.note, signed by oversight's notice key
    log_level: str = "info"
