"""The three options by which a command finds the annex, and reads it beside its root."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from commands.plain import FILE
from oversight.comparing.list_files import read_text
from records.comparing.annex import Annex, load_annex
from records.notes import NoteVerifier
from records.root import load_root


def with_annex(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `annex_files`: annex, root, and the root's verifier key."""

    @click.option("--annex", "annex_path", type=FILE, required=True, help="annex.note")
    @click.option("--root", "root_path", type=FILE, required=True, help="root.note")
    @click.option("--root-verifier", required=True, help="Verifier key of the root file.")
    @wraps(command)
    def wrapped(annex_path: Path, root_path: Path, root_verifier: str, **others: Any) -> Any:
        return command(annex_files=(annex_path, root_path, root_verifier), **others)

    return wrapped


def load_annex_files(annex_path: Path, root_path: Path, root_verifier: str) -> Annex:
    """Return the annex as of now. Raises: RootRefused, AnnexRefused, MalformedBytes, OSError."""
    now, verifier = datetime.now(UTC), NoteVerifier.from_text(root_verifier)
    return load_annex(read_text(annex_path), verifier, load_root(read_text(root_path), verifier, now), now)
