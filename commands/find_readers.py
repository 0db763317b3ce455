"""`kjt readers list` and `kjt readers watch`: what readers this machine has, and whether one works."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from drivers.discovery import find_readers, open_reader
from drivers.errors import UnsupportedReader
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    DocumentRemoved,
    KeyNeeded,
    Progress,
    ReaderDown,
    ReaderEvent,
    ReaderUp,
)

_NAMES: dict[type[ReaderEvent], str] = {
    ReaderUp: "reader_up",
    ReaderDown: "reader_down",
    DocumentPresent: "document_present",
    KeyNeeded: "key_needed",
    Progress: "progress",
    DocumentRead: "document_read",
    DocumentFailed: "document_failed",
    DocumentRemoved: "document_removed",
}


@click.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_readers(as_json: bool) -> None:
    """List the readers that are there now, each with the URL to open it by."""
    found = find_readers()
    if as_json:
        click.echo(json.dumps({"readers": [asdict(reader) for reader in found]}, ensure_ascii=False))
        return
    for reader in found:
        click.echo(f"{reader.url:48} {reader.model}")
    if not found:
        click.echo("No reader found. docs/readers.md tells what each kind needs.", err=True)


@click.command()
@click.option("--reader", "url", help="The reader's URL; without it the first that is found.")
@click.option("--events", type=click.IntRange(min=1), help="End after so many events.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def watch(url: str | None, events: int | None, as_json: bool) -> None:
    """Say what happens at a reader, until Ctrl-C: documents put and lifted, troubles; nothing that stands on them."""
    chosen = url or next((reader.url for reader in find_readers()), None)
    if chosen is None:
        raise click.ClickException("No reader found. docs/readers.md tells what each kind needs.")
    try:
        reader = open_reader(chosen)
    except UnsupportedReader as error:
        raise click.ClickException(str(error)) from None
    left = events
    try:
        for event in reader.events():
            click.echo(_describe(event, as_json=as_json))
            left = left and left - 1
            if left == 0:
                return
    finally:
        reader.close()


def _describe(event: ReaderEvent, *, as_json: bool) -> str:
    told = {"event": _NAMES[type(event)]}
    match event:
        case ReaderUp(model):
            told["model"] = model
        case ReaderDown(error) | DocumentFailed(error):
            told |= {"error": error.code, "message": str(error)}
        case Progress(step, steps):
            told["progress"] = f"{step}/{steps}"
    if as_json:
        return json.dumps(told, ensure_ascii=False)
    return " ".join([f"{told.pop('event'):18}", *told.values()]).rstrip()
