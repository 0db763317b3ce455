"""`kjt readers read` and `kjt readers import-master-list`: try a reader, fill the store of certificates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

import click

from drivers.csca_folder import load_store, write_certificates
from drivers.discovery import open_reader
from drivers.document_chip import Part
from drivers.errors import ReaderError, UnsupportedReader
from drivers.parse import parse_document
from drivers.proto.csca import Sorted, parse_master_list, sort_certificates
from drivers.reader import (
    DocumentFailed,
    DocumentRead,
    KeyedReader,
    KeyNeeded,
    RawDocument,
    Reader,
    ReaderDown,
)
from drivers.reader_group import ReaderGroup
from drivers.sim.emrtd_issuer import PUBLISHED_KEYS
from records.errors import InvalidDocument


@click.command()
@click.option("--reader", "url", required=True, help="The reader's URL, such as sim:emrtd:chip-bac.")
@click.option("--key", help="For a chip: its printed lines, its access number, or NUMBER,YYMMDD,YYMMDD.")
@click.option("--photo", "with_photo", is_flag=True, help="Read the face too (its size is shown, never the face).")
@click.option(
    "--details",
    is_flag=True,
    help="Read what the chip holds beside the printed lines: full name, address, day of issue.",
)
@click.option(
    "--store", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Countries' certificates to believe."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def read(url: str, key: str | None, with_photo: bool, details: bool, store: Path | None, as_json: bool) -> None:
    """Read one document and say what stands on it, and how it went. Nothing is kept or logged."""
    parts = {Part.PHOTO: with_photo, Part.DETAILS: details, Part.ISSUE: details}
    try:
        wanted = frozenset(part for part, is_wanted in parts.items() if is_wanted)
        reader = open_reader(url, parts=wanted, store=load_store(store) if store else None)
    except UnsupportedReader as error:
        raise click.ClickException(str(error)) from None
    began = monotonic()
    raw = _take_document(reader, key)
    told = _describe(raw) | {
        "photo_bytes": len(raw.face.image if raw.face else raw.photo),
        "seconds": round(monotonic() - began, 3),
    }
    told |= {name: kind(raw.fields[name]) for name, kind in _CHIP_FACTS.items() if name in raw.fields}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for name, value in told.items():
        click.echo(f"{name:16} {value}")


@click.command(name="import-master-list")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--store", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to fill.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_master_list(file: Path, store: Path, as_json: bool) -> None:
    """Take the countries' certificates of a master list into a folder of certificates that the counter believes.

    Compare the fingerprint with the one that its maker publishes: the list's own signature says that it is whole,
    and nothing of who made it.
    """
    data = file.read_bytes()
    with _in_words():
        ders, is_whole = parse_master_list(data)
    if not is_whole:
        raise click.ClickException("The list's signature does not hold. Nothing was taken; please fetch it again.")
    found = sort_certificates(ders, datetime.now(UTC), published_keys=PUBLISHED_KEYS)
    try:
        added = write_certificates(store, found.usable)
    except OSError as error:
        raise click.ClickException(f"{store}: {error.strerror}. May this user write here?") from None
    _say_what_came(found, sha256(data).hexdigest(), added, as_json=as_json)


# What a chip's reader tells beside the document.
_CHIP_FACTS: dict[str, type] = {
    "proof": str, "chip_proof": str, "issued_on": str, "access": str,
    "commands": int, "sent_bytes": int, "received_bytes": int,
}  # fmt: skip


def _take_document(reader: Reader, key: str | None) -> RawDocument:
    """Wait for a document and return it. Ends the command in words when that fails."""
    try:
        with _in_words():
            for event in reader.events():
                match event:
                    case KeyNeeded() if key is None and isinstance(reader, ReaderGroup):
                        click.echo("Scan the printed lines.", err=True)
                    case KeyNeeded() if isinstance(reader, KeyedReader):
                        reader.give_key(key if key is not None else click.prompt("Key", err=True))
                    case DocumentRead(raw):
                        return raw
                    case DocumentFailed(error) | ReaderDown(error):
                        raise error
    finally:
        reader.close()
    raise click.ClickException("The reader ended without a document.")


def _describe(raw: RawDocument) -> dict[str, Any]:
    with _in_words():
        document = parse_document(raw)
    return {
        "kind": document.kind.value,
        "number": document.number,
        "names": [name.text for name in document.names],
        "birth_date": document.birth_date.isoformat(),
        "sex": document.sex.value,
        "nationality": document.nationality,
        "issuing_state": document.issuing_state,
        "valid_until": document.valid_until.isoformat() if document.valid_until else None,
        "address": document.address,
        "how_read": document.how_read.value,
        "chip": document.chip.value,
    }


def _say_what_came(found: Sorted, fingerprint: str, added: int, *, as_json: bool) -> None:
    told = {
        "sha256": fingerprint,
        "usable": len(found.usable),
        "explicit_curves": found.explicit,
        "new": added,
        "expired": len(found.expired),
        "refused": {str(reason): count for reason, count in found.refused.items()},
    }
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(f"SHA-256 of the list   {fingerprint}")
    click.echo(
        f"usable                {len(found.usable)} ({found.explicit} with their curve written out), {added} new"
    )
    click.echo(f"expired               {len(found.expired)}")
    click.echo(f"refused               {found.refused.total()}")
    for reason, count in found.refused.most_common():
        click.echo(f"  {count:5} because {reason}")


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except ReaderError as error:
        raise click.ClickException(f"{error} ({error.code})") from None
    except InvalidDocument as error:
        raise click.ClickException(f"The document contradicts itself: {error.field}.") from None
