"""`kjt readers`: the simulated reader of the demonstration, and the cards one can put on it."""

from __future__ import annotations

import dataclasses
import json
import signal
import socket
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import click

from commands.chips import import_master_list, read
from commands.find_readers import list_readers, watch
from commands.run import PROJECT
from commands.town import MAX_COUNTERS, find_reader_control
from drivers.errors import MrzCheckFailed, MrzUnreadable, SimulatorGone
from drivers.mrz_document import choose_kind
from drivers.proto.mrz_stream import MAX_TEXT, find_mrz
from drivers.sim.control import send_control
from drivers.sim.emrtd_slot import SimulatedSlot
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS
from drivers.sim.run import run_simulator
from drivers.sim.specimens import SPECIMENS
from drivers.sim.vpcd_line import VpcdLine

_data_option = click.option("--data", type=click.Path(path_type=Path), help="The demonstration's data folder.")
_counter_option = click.option(
    "--counter", type=click.IntRange(1, MAX_COUNTERS), default=1, show_default=True, help="Which counter's reader."
)


@click.group()
def readers() -> None:
    """Readers: find and watch them, read a document; simulated ones, printed lines, countries' certificates."""


@readers.command(name="parse-mrz")
def parse_mrz() -> None:
    """Read what a scanner typed from standard input; say as JSON what stands in it. Nothing is kept or logged."""
    try:
        mrz = find_mrz(sys.stdin.read(MAX_TEXT))
    except (MrzUnreadable, MrzCheckFailed) as error:
        fields = error.fields if isinstance(error, MrzCheckFailed) else (error.field,)
        click.echo(json.dumps({"error": error.code, "fields": fields}))
        raise SystemExit(1) from None
    click.echo(json.dumps(dataclasses.asdict(mrz) | {"kind": choose_kind(mrz)}))


for command in (list_readers, watch, read):
    readers.add_command(command)
readers.add_command(import_master_list)


@readers.group()
def simulate() -> None:
    """A serial resident-card reader on a pseudo-terminal, and its specimen cards."""


@simulate.command()
@click.option("--link", type=click.Path(path_type=Path), required=True, help="Symlink to make to the serial line.")
@click.option("--control", type=click.Path(path_type=Path), required=True, help="Unix socket to listen on.")
def serve(link: Path, control: Path) -> None:
    """Run the simulator until it is told to stop."""
    run_simulator(link, control, stop=_stop_on_signals())


@simulate.command()
@click.argument("specimen", type=click.Choice(list(CHIP_SPECIMENS)))
@click.option("--port", type=click.IntRange(1, 65535), default=35963, show_default=True, help="Where vpcd listens.")
def chip(specimen: str, port: int) -> None:
    """Put a virtual chip into this machine's PC/SC daemon by vpcd, until told to stop. Read docs/readers.md first."""
    stop = _stop_on_signals()
    slot = SimulatedSlot()
    slot.put(specimen)
    line = VpcdLine(slot, partial(socket.create_connection, ("127.0.0.1", port), 1.0))
    stop.wait()
    line.close()


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


@simulate.command(name="list")
@_data_option
@_counter_option
def list_cards(data: Path | None, counter: int) -> None:
    """List the specimen cards."""
    for card in _ask(data, counter, {"command": "list"})["specimens"]:
        number = SPECIMENS[card["id"]].number if card["id"] in SPECIMENS else ""  # a chip has none to be typed
        click.echo(f"{card['id']:18} {number:20} {card['zh']} · {card['en']}")


@simulate.command()
@click.argument("card")
@_data_option
@_counter_option
def put(card: str, data: Path | None, counter: int) -> None:
    """Put a specimen card on the reader."""
    _ask(data, counter, {"command": "put", "specimen": card})
    click.echo(f"{card} lies on the reader")


@simulate.command()
@_data_option
@_counter_option
def remove(data: Path | None, counter: int) -> None:
    """Take the card off the reader."""
    _ask(data, counter, {"command": "remove"})


def _ask(data: Path | None, counter: int, command: dict[str, str]) -> dict[str, Any]:
    socket = find_reader_control((data or PROJECT / "data").resolve(), counter)
    try:
        answer = send_control(socket, command)
    except SimulatorGone:
        raise click.ClickException("The simulated reader does not answer. Is ./kjt run running?") from None
    if not answer["ok"]:
        raise click.ClickException(f"The simulated reader refused: {answer['error']}. See: kjt readers simulate list")
    return answer
