"""`kjt central`: the processes of the registration service, and the things done by hand."""

from __future__ import annotations

import base64
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from central.audit import COMMAND_LINE, KEEPER, CentralAct, open_audit
from central.console.place import require_console_place
from central.disclosure import hand_over as hand_over_records
from central.errors import OrderRefused
from central.fleet.states import list_fleet
from central.keys import follow_receipt_key
from central.parts import Parts, open_parts, read_clock
from central.releases import ReleaseShelf
from central.retention.keeper import run_keeper
from central.settings import CentralSettings
from central.store import StoreError, open_store
from central.store.terminals import Terminal
from central.terminals import make_terminal_known, withdraw_terminal
from commands.accounts import accounts
from commands.enrolment import enrolments, issue_code, suspend
from commands.fleet_table import draw_table
from commands.plain import FILE, FRESH_FILE
from records.errors import RecordsError
from records.log_keys import LogVerifier
from records.notes import NoteVerifier
from records.release import decode_offer
from records.root import load_root
from records.suite import ID_BYTES, KEY_BYTES, VerifyKey
from service.accounts import ensure_account_key
from service.audit import AuditUnavailable
from service.audit.in_force import digest_settings
from service.logs import configure_logging
from service.server import serve_app
from service.settings import SettingsError, load_settings

_settings_option = click.option(
    "--settings", "settings_path", required=True, type=click.Path(path_type=Path), help="Central's settings (TOML)."
)
# Why an order is refused, in Chinese; the error says it in English.
_REFUSED = {
    "signature": "签名不是该法院的，或命令被改动",
    "jurisdiction": "属于另一辖区",
    "ordered-on": "命令的日期在将来",
    "orders-per-day": "今日可执行的命令已满",
}


@click.group()
def central() -> None:
    """Registration service: takes sealed records in, and destroys them on their day."""


central.add_command(accounts)
for each in (issue_code, enrolments, suspend):
    central.add_command(each)


@central.command()
@_settings_option
def ingest(settings_path: Path) -> None:
    """Accept envelopes until told to stop."""
    serve_ingest(settings_path)


def serve_ingest(settings_path: Path) -> None:
    """Serve ingest until SIGTERM. Raises: ClickException saying what is wrong."""
    with _explain_errors():
        settings = load_settings(settings_path, CentralSettings, "central")
        # Opened once here as well, so that what is wrong is said plainly and at once.
        open_parts(settings, read_clock()).store.close()
    serve_app("central.ingest.app:create_app", settings_path, address=settings.address, port=settings.port)


@central.command()
@_settings_option
def next_receipt_key(settings_path: Path) -> None:
    """Make the receipt key that is to follow, and print what the next root file names of it.

    Run again, it prints the one that waits; once a root file names that one as its receipt key, it ends the key before
    and makes another. Central goes on as it is until the root file says from when the next one signs.
    """
    with _explain_errors():
        settings = load_settings(settings_path, CentralSettings, "central")
        root = load_root(
            settings.root.read_text(encoding="utf-8"), NoteVerifier.from_text(settings.root_verifier), read_clock()
        )
        store = open_store(settings.database)
        try:
            open_audit(store, read_clock).write(COMMAND_LINE, CentralAct.NEXT_RECEIPT_KEY)
        finally:
            store.close()
        key = follow_receipt_key(settings.receipt_key, settings.next_receipt_key, root.receipt_key)
    click.echo(f"--next-receipt-key {base64.b64encode(key.public.data).decode()}")


@central.command()
@_settings_option
def console(settings_path: Path) -> None:
    """Serve the administrators' console until told to stop."""
    serve_console(settings_path)


def serve_console(settings_path: Path) -> None:
    """Serve the console until SIGTERM. Raises: ClickException saying what is wrong."""
    with _explain_errors():
        settings = load_settings(settings_path, CentralSettings, "central")
        require_console_place(settings)
        ensure_account_key(settings.account_key)
        # Opened once here as well, so that what is wrong is said plainly and at once.
        open_store(settings.database).close()
    serve_app("central.console.app:create_app", settings_path, address=settings.address, port=settings.console_port)


@central.command()
@_settings_option
@click.option("--clock-is-right", is_flag=True, help="Vouch for this machine's clock, after the keeper said it leapt.")
def keeper(settings_path: Path, clock_is_right: bool) -> None:
    """Make and destroy period keys, now and every minute, until told to stop."""
    run_keeper_process(settings_path, clock_is_right=clock_is_right)


def run_keeper_process(settings_path: Path, *, clock_is_right: bool = False) -> None:
    """Keep until SIGTERM. Raises: ClickException saying what is wrong."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with _open(settings_path, "central keeper") as parts:
        settings = load_settings(settings_path, CentralSettings, "central")
        # What is to be destroyed does not wait for the log.
        with suppress(AuditUnavailable):
            parts.audit.note_settings(KEEPER, digest_settings(settings, settings.root))
        run_keeper(parts, read_clock, stopping.wait, clock_is_right=clock_is_right)


@central.command()
@_settings_option
@click.option("--order", required=True, type=click.Path(path_type=Path), help="The court's order, a signed note.")
@click.option("--out", required=True, type=FRESH_FILE, help="File for the sealed records; new.")
def hand_over(settings_path: Path, order: Path, out: Path) -> None:
    """Hand a venue's sealed records of some days over under an order."""
    with _open(settings_path, "central hand-over") as parts:
        try:
            data = hand_over_records(parts, order.read_text(encoding="utf-8"), read_clock())
        except OrderRefused as error:
            why = _REFUSED.get(error.field, f"内容不合格式（{error.field}）")
            raise click.ClickException(f"未执行此命令：{why}。\n{error}") from None
        with out.open("xb") as file:
            file.write(data)
    count = len(data.splitlines()) - 1
    click.echo(f"已交出 {count} 份密封记录：{out}")
    click.echo(f"{count} sealed records handed over: {out}")


@central.command()
@_settings_option
@click.option("--terminal", required=True, help="Terminal id, 32 hexadecimal digits.")
@click.option("--venue", required=True, help="Venue id, 32 hexadecimal digits.")
@click.option("--key", required=True, help="The terminal's Ed25519 public key, 64 hexadecimal digits.")
def seed_terminal(settings_path: Path, terminal: str, venue: str, key: str) -> None:
    """Make a terminal known, or give a known one another venue or key."""
    ids = _read_hex(terminal, ID_BYTES, "--terminal"), _read_hex(venue, ID_BYTES, "--venue")
    public_key = _read_hex(key, KEY_BYTES, "--key")
    with _explain_errors():
        store = open_store(load_settings(settings_path, CentralSettings, "central").database)
        try:
            seeded = Terminal(*ids, VerifyKey.from_bytes(public_key))
            make_terminal_known(store, open_audit(store, read_clock), COMMAND_LINE, seeded)
        finally:
            store.close()


@central.command()
@_settings_option
@click.option("--offer", required=True, type=FILE, help="offer.json of the release.")
@click.option("--wheel", required=True, type=FILE, help="The wheel.")
@click.option("--release-key", required=True, help="The releaser's public key.")
@click.option("--log-key", "log_keys", required=True, multiple=True, help="A public key of their log: give both.")
def release(settings_path: Path, offer: Path, wheel: Path, release_key: str, log_keys: tuple[str, ...]) -> None:
    """Take a release in, after checking it; administrators offer it to terminals at the console."""
    with _explain_errors():
        settings = load_settings(settings_path, CentralSettings, "central")
        signed = decode_offer(offer.read_bytes())
        if signed is None:
            raise click.ClickException("The file holds no release.")
        store = open_store(settings.database)
        try:
            shelf = ReleaseShelf(store, settings.releases, open_audit(store, read_clock), read_clock)
            signer, log = NoteVerifier.from_text(release_key), LogVerifier.from_texts(log_keys)
            version = shelf.add(COMMAND_LINE, signed, wheel.read_bytes(), signer, log)
            click.echo(f"{version} is taken in and offered to nobody yet. The console offers it, under Releases.")
        finally:
            store.close()


@central.command()
@_settings_option
@click.option("--terminal", required=True, help="Terminal id, 32 hexadecimal digits.")
def revoke_terminal(settings_path: Path, terminal: str) -> None:
    """Accept nothing more from a terminal, within a minute and for good."""
    terminal_id = _read_hex(terminal, ID_BYTES, "--terminal")
    with _explain_errors():
        store = open_store(load_settings(settings_path, CentralSettings, "central").database)
        try:
            is_known = withdraw_terminal(store, open_audit(store, read_clock), COMMAND_LINE, terminal_id)
        finally:
            store.close()
    if not is_known:
        raise click.ClickException("No terminal has this id. `kjt central terminals` lists them.")
    click.echo(f"{terminal} is revoked. What it sends is refused from now on, its heartbeats within seconds.")


@central.command()
@_settings_option
def terminals(settings_path: Path) -> None:
    """List every terminal with its state and what it last told of itself."""
    with _explain_errors():
        store = open_store(load_settings(settings_path, CentralSettings, "central").database)
        try:
            seen = list_fleet(store, read_clock())
        finally:
            store.close()
    for line in draw_table(seen, read_clock()):
        click.echo(line)


@contextmanager
def _open(settings_path: Path, process: str) -> Iterator[Parts]:
    with _explain_errors():
        settings = load_settings(settings_path, CentralSettings, "central")
        configure_logging(process, settings.log_level)
        parts = open_parts(settings, read_clock())
        try:
            yield parts
        finally:
            parts.store.close()


@contextmanager
def _explain_errors() -> Iterator[None]:
    try:
        yield
    except (RecordsError, SettingsError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    except StoreError as error:
        raise click.ClickException(f"The database cannot be used ({type(error).__name__}).") from None


def _read_hex(text: str, length: int, option: str) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != length:
        raise click.BadParameter(f"{2 * length} hexadecimal digits are wanted", param_hint=option)
    return data
