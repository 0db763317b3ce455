"""`kjt readers list`, `watch` and `module`: what readers this machine has, and whether one works."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import click

from drivers.discovery import FoundReader, choose_reader, find_readers, open_reader
from drivers.errors import NotScanner, ReaderError, UnsupportedReader
from drivers.proto.sam_frame import BAUD_CODES
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
from drivers.reader_url import ReaderUrl, parse_reader_url
from drivers.sam_probe import find_module, open_module

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
@click.option(
    "--probe", is_flag=True, help="Ask every serial port whether a resident-card module answers, at any speed."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_readers(probe: bool, as_json: bool) -> None:
    """List the readers that are there now, each with the URL to open it by."""
    found = find_readers()
    if probe:
        found = [_probe(reader) if reader.url.startswith("sam:") else reader for reader in found]
    if as_json:
        click.echo(json.dumps({"readers": [asdict(reader) for reader in found]}, ensure_ascii=False))
        return
    for reader in found:
        click.echo(f"{reader.url:48} {reader.model}")
    if not found:
        click.echo("No reader found. docs/readers.md tells what each kind needs.", err=True)


def _probe(reader: FoundReader) -> FoundReader:
    """Return what is known of a serial port after asking at it."""
    try:
        answered = find_module(parse_reader_url(reader.url))
    except ReaderError as error:
        return replace(reader, model=f"{reader.model}: {error}")
    if answered is None:
        return replace(reader, model=f"{reader.model}: no resident-card module answers")
    return FoundReader(f"{reader.url}?baud={answered.baud}", f"resident-card reader, module {answered.id}")


@click.command()
@click.option("--reader", "url", required=True, help="The reader's URL, such as sam:/dev/ttyUSB0.")
@click.option("--reset", is_flag=True, help="Restart the module first.")
@click.option("--set-baud", type=click.Choice([str(baud) for baud in BAUD_CODES]), help="Let it go on at that speed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def module(url: str, reset: bool, set_baud: str | None, as_json: bool) -> None:
    """Talk to the module of a resident-card reader: its status and number, a restart, another speed.

    The speed is kept until the module loses its power, so the URL of the counter must name it.
    """
    parsed = _parse_sam(url)
    try:
        with open_module(parsed) as opened:
            if reset:
                opened.reset()
            opened.check_status()
            if set_baud:
                opened.set_baud(int(set_baud))
                opened.check_status()
            told = {"module": opened.read_id(), "baud": int(set_baud or parsed.baud)}
    except ReaderError as error:
        raise click.ClickException(f"{error} ({error.code})") from None
    if as_json:
        click.echo(json.dumps(told))
        return
    for name, value in told.items():
        click.echo(f"{name:16} {value}")


def _parse_sam(url: str) -> ReaderUrl:
    try:
        parsed = parse_reader_url(url)
    except UnsupportedReader as error:
        raise click.ClickException(str(error)) from None
    if parsed.kind not in ("sam", "sim:sam"):
        raise click.ClickException("Only a resident-card reader has such a module: sam:/dev/ttyUSB0.")
    return parsed


@click.command()
@click.option("--reader", "url", help="The reader's URL; without it the first that is found.")
@click.option("--events", type=click.IntRange(min=1), help="End after so many events.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def watch(url: str | None, events: int | None, as_json: bool) -> None:
    """Say what happens at a reader, until Ctrl-C: documents put and lifted, troubles; nothing that stands on them.

    Without --reader the first one found, but never a keyboard: watching takes it from everything else. Whoever took
    their own by mistake holds Ctrl on it for a moment and presses C.
    """
    found = None if url else choose_reader(find_readers())
    if not (chosen := url or (found and found.url)):
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
            if left == 0 or (isinstance(event, ReaderDown) and isinstance(event.error, NotScanner)):
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
