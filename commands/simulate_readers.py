"""`kjt readers simulate`: readers on pseudo-terminals, what lies on them, and every fault they have."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from commands.town_folder import DEFAULT_FOLDER, MAX_COUNTERS, find_reader_control
from drivers.errors import SimulatorGone
from drivers.proto.sam_frame import BAUD_CODES
from drivers.proto.scanner_keys import KeyboardLayout
from drivers.sim.control import send_control
from drivers.sim.emrtd_slot import SimulatedSlot
from drivers.sim.emrtd_specimens import CHIP_SPECIMENS
from drivers.sim.run import run_scanner, run_simulator
from drivers.sim.scanner_sim import ScanFault, SimulatedScanner
from drivers.sim.specimens import SPECIMENS
from drivers.sim.vpcd_line import VpcdLine

_link_option = click.option(
    "--link", type=click.Path(path_type=Path), required=True, help="Symlink to make to the serial line."
)
_own_control_option = click.option(
    "--control", type=click.Path(path_type=Path), required=True, help="Unix socket to listen on."
)


def _at_simulator(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which simulator is meant."""
    for option in (
        click.option("--counter", type=click.IntRange(1, MAX_COUNTERS), default=1, show_default=True,
                     help="Which counter's reader of the demonstration."),
        click.option("--data", type=click.Path(path_type=Path), help="The demonstration's data folder."),
        click.option("--control", type=click.Path(path_type=Path), help="The socket of a simulator by itself."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group()
def simulate() -> None:
    """Readers that are none: on pseudo-terminals, for the demonstration and for trials, with every fault."""


@simulate.command()
@_link_option
@_own_control_option
@click.option(
    "--baud",
    type=click.Choice([str(baud) for baud in BAUD_CODES]),
    default="115200",
    show_default=True,
    help="Bytes take the time they would at that speed.",
)
@click.option("--must-lift", is_flag=True, help="Find a card that was read only after it was lifted.")
@click.option("--strict-speed", is_flag=True, help="Carry garbage where the reader's URL names another speed.")
def serve(link: Path, control: Path, baud: str, must_lift: bool, strict_speed: bool) -> None:
    """Run a resident-card reader until it is told to stop. Its URL is sim:sam:LINK."""
    stop = _stop_on_signals()
    run_simulator(link, control, baud=int(baud), must_lift=must_lift, is_strict=strict_speed, stop=stop)


@simulate.command()
@_link_option
@_own_control_option
@click.option(
    "--layout", type=click.Choice([each.value for each in KeyboardLayout]), help="Type like a keyboard of that country."
)
@click.option("--serial", is_flag=True, help="Send characters on a serial line instead.")
def scanner(link: Path, control: Path, layout: str | None, serial: bool) -> None:
    """Run a scanner until it is told to stop. Its URL is sim:wedge:LINK?layout=…, or sim:scan:LINK with --serial."""
    if serial and layout:
        raise click.UsageError("--serial and --layout exclude each other")
    typed = None if serial else KeyboardLayout(layout or KeyboardLayout.US)
    run_scanner(link, control, SimulatedScanner(layout=typed), stop=_stop_on_signals())


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


@simulate.command(name="list")
@_at_simulator
def list_cards(control: Path | None, data: Path | None, counter: int) -> None:
    """List the specimens of a simulator, and its faults."""
    answer = _ask(control, data, counter, {"command": "list"})
    for card in answer["specimens"]:
        number = SPECIMENS[card["id"]].number if card["id"] in SPECIMENS else ""  # a chip has none to be typed
        click.echo(f"{card['id']:18} {number:20} {card['zh']} · {card['en']}")
    click.echo(f"faults: {' '.join(answer['faults'])}", err=True)


@simulate.command()
@click.argument("card")
@_at_simulator
def put(card: str, control: Path | None, data: Path | None, counter: int) -> None:
    """Put a specimen card on the reader."""
    _ask(control, data, counter, {"command": "put", "specimen": card})
    click.echo(f"{card} lies on the reader")


@simulate.command()
@_at_simulator
def remove(control: Path | None, data: Path | None, counter: int) -> None:
    """Take the card off the reader."""
    _ask(control, data, counter, {"command": "remove"})


@simulate.command()
@click.argument("specimen")
@click.option("--fault", type=click.Choice([each.value for each in ScanFault]), help="What goes wrong with it.")
@_at_simulator
def scan(specimen: str, fault: str | None, control: Path | None, data: Path | None, counter: int) -> None:
    """Let a scanner scan the printed lines of a specimen."""
    _ask(control, data, counter, {"command": "scan", "specimen": specimen} | ({"fault": fault} if fault else {}))


@simulate.command()
@click.argument("name")
@click.option("--times", type=click.IntRange(min=1), help="So many replies; otherwise until the card is lifted.")
@_at_simulator
def fault(name: str, times: int | None, control: Path | None, data: Path | None, counter: int) -> None:
    """Let something go wrong; `none` ends it. `kjt readers simulate list` names the faults."""
    _ask(control, data, counter, {"command": "fault", "name": name} | ({"times": times} if times else {}))


@simulate.command()
@_at_simulator
def unplug(control: Path | None, data: Path | None, counter: int) -> None:
    """Pull the cable out."""
    _ask(control, data, counter, {"command": "unplug"})


@simulate.command()
@_at_simulator
def plug(control: Path | None, data: Path | None, counter: int) -> None:
    """Push the cable in again."""
    _ask(control, data, counter, {"command": "plug"})


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _ask(control: Path | None, data: Path | None, counter: int, command: dict[str, Any]) -> dict[str, Any]:
    path = control or find_reader_control((data or DEFAULT_FOLDER).resolve(), counter)
    try:
        answer = send_control(path, command)
    except SimulatorGone:
        hint = "Is it running?" if control else "Is ./kjt run running?"
        raise click.ClickException(f"The simulated reader does not answer. {hint}") from None
    if not answer["ok"]:
        raise click.ClickException(f"The simulated reader refused: {answer['error']}. See: kjt readers simulate list")
    return answer
