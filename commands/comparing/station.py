"""`kjt station`: the station's receiving service, of the demonstration of comparison."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from commands.account_group import make_account_group
from commands.plain import FILE, NEW_FILE, plain_errors, say_database_error, say_error
from service.accounts import AccountBook, AccountsError, Factor, ensure_account_key
from service.accounts.errors import AccountUnknown
from service.audit import AuditError
from service.audit.export import list_members, write_archive
from service.audit.keys import create_log_keys, load_audit_key
from service.settings import load_settings
from station.alerts.signing import Half, HandOver, pair_hand_overs
from station.audit import COMMAND_LINE, StationAct, open_audit
from station.errors import StationError, StationUnknown
from station.keys import load_box, load_signer, make_station_keys
from station.process import serve_station
from station.roles import Role
from station.settings import StationSettings
from station.stations import Roster, load_stations
from station.store import StoreError, open_store
from station.store.schema import account_tables

_settings_option = click.option("--settings", "settings_path", required=True, type=FILE, help="Settings file (TOML).")
# What an officer signed a hand-over with, as the audit log has it.
_MEANS = {Factor.APP.value: "验证器应用", Factor.SECURITY_KEY.value: "安全密钥", Factor.RECOVERY_CODE.value: "恢复码"}


@click.group()
def station() -> None:
    """Receive proved alerts: the demonstration's police station (specimens, one machine)."""


@station.command()
@_settings_option
@click.option("--port", type=click.IntRange(1, 65535), help="Of one more process, on PostgreSQL; else the settings'.")
def serve(settings_path: Path, port: int | None) -> None:
    """Serve the officers' pages until SIGTERM; on PostgreSQL, in any number of processes."""
    with _plain_station_errors():
        settings = load_settings(settings_path, StationSettings)
        serve_station(settings if port is None else settings.listening_at(port), _read_clock)


@station.command()
@_settings_option
@click.option("--name", required=True, help="Name of the signing key, such as example.org/kuaijietong/station.")
@click.option("--out", type=NEW_FILE, required=True, help="File for the public halves, which the annex names.")
def keys(settings_path: Path, name: str, out: Path) -> None:
    """Make the station's keys; their public halves go to oversight, for the annex."""
    with _plain_station_errors():
        settings = load_settings(settings_path, StationSettings)
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_station_keys(settings.signing_key, settings.box_key, name)
        create_log_keys(settings.audit_key, f"{name}/audit")
        box = load_box(settings.box_key).public
        out.write_text(f"{load_signer(settings.signing_key).verifier.to_text()}\n{box.data.hex()}\n", encoding="utf-8")
    click.echo(f"{out}: 交监督机构：签名公钥和收信公钥。")
    click.echo(f"{out} goes to oversight: the signing key, and the box for mail.")


@station.command()
@_settings_option
@click.option("--out", required=True, type=NEW_FILE, help="The file to write; new.")
def export_log(settings_path: Path, out: Path) -> None:
    """Write the whole audit log into a file for an auditor, and print its public keys (kjt audit verify)."""
    with _plain_station_errors():
        settings = load_settings(settings_path, StationSettings)
        store = open_store(settings.database)
        try:
            signer = load_audit_key(settings.audit_key)
            copy = open_audit(store, _read_clock).copy(COMMAND_LINE, signer)
        finally:
            store.close()
        out.touch(mode=0o600)
        out.write_bytes(write_archive(list_members(copy)))
    click.echo("\n".join(signer.log_verifier.to_texts()))


@station.command()
@_settings_option
def hand_overs(settings_path: Path) -> None:
    """List the hand-overs in the audit log, with what both officers signed; fails where one of them did not.

    Whether the log itself is whole is for `export-log` and `kjt audit verify` to say. This reading is in it too.
    """
    with _plain_station_errors():
        store = open_store(load_settings(settings_path, StationSettings).database)
        try:
            log = open_audit(store, _read_clock)
            found = pair_hand_overs(log.read(COMMAND_LINE, 0, log.count()))
        finally:
            store.close()
        click.echo("\n".join(map(_describe_hand_over, found)) or "没有交接过提醒。 No alert was handed over.")
        missing = sum(not each.is_signed_by_both for each in found)
        if missing:
            english = f"{missing} of {len(found)} are not signed by both."
            raise click.ClickException(f"{len(found)} 次交接中有 {missing} 次缺一方签名。\n{english}")


def _describe_hand_over(found: HandOver) -> str:
    halves = (("交出", "gave it", found.given), ("接手", "took it", found.taken))
    told = [line for did, did_en, half in halves if half for line in _describe_half(half, did, did_en)]
    missing = () if found.given else ("交出方没有签名", "NOBODY SIGNED TO GIVE IT")
    return "\n    ".join([found.alert, *told, *missing])


def _describe_half(half: Half, did: str, did_en: str) -> tuple[str, str]:
    at, means = f"{datetime.fromtimestamp(half.at, UTC):%Y-%m-%d %H:%M:%S} UTC", half.signed_with
    signed = f"以密码和{_MEANS.get(means, means)}签名" if means else "仅以密码签名，没有第二验证方式"
    return (
        f"{half.officer} {did}，{at}，第 {half.number} 条，{signed}",
        f"{half.officer} {did_en} {at}, entry {half.number}, signed with password and {means or 'NOTHING ELSE'}",
    )


@station.command()
@_settings_option
def stations(settings_path: Path) -> None:
    """List the stations with the houses that each covers, and the accounts that were put there."""
    with _plain_station_errors():
        settings = load_settings(settings_path, StationSettings)
        found, posted = load_stations(settings.stations), list_postings(settings)
        for each in found.listed:
            supervises = (
                "  督导其他各所 supervises the others" if found.are_several and each.code == found.supervising else ""
            )
            click.echo(f"{each.code}  {each.name_zh}  {each.name_en}{supervises}")
            for venue in sorted(each.venues):
                click.echo(f"    {venue.hex()}")
            for name in sorted(name for name, code in posted.items() if code == each.code):
                click.echo(f"    {name}")


@click.command()
@_settings_option
@click.argument("name")
@click.option("--station", "code", required=True, help="Code of the station in the file of the stations.")
def put(settings_path: Path, name: str, code: str) -> None:
    """Put an officer at a station, and at no other: they see its alerts alone."""
    with _plain_station_errors():
        settings = load_settings(settings_path, StationSettings)
        with open_accounts(settings) as book:
            put_officer(settings, book, name, code)
    click.echo(f"{name} 已归 {code}。 {name} belongs to {code}.")


@contextmanager
def open_accounts(settings: StationSettings, now: datetime | None = None) -> Iterator[AccountBook]:
    """Open the station's accounts, at one moment or by the clock. Raises: StoreError, AccountKeyRefused, OSError."""

    def read_clock() -> datetime:
        return now or _read_clock()

    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_store(settings.database)
    try:
        yield AccountBook(
            store, account_tables, ensure_account_key(settings.account_key), open_audit(store, read_clock), read_clock
        )
    finally:
        store.close()


def list_postings(settings: StationSettings) -> dict[str, str]:
    """Return the station of each account that was put at one. Raises: StoreError, OSError."""
    store = open_store(settings.database)
    try:
        return Roster(store, load_stations(settings.stations)).list_all()
    finally:
        store.close()


def put_officer(
    settings: StationSettings, book: AccountBook, name: str, code: str, now: datetime | None = None
) -> None:
    """Put an officer at a station; it is in the audit log before. Raises: AccountUnknown, StationUnknown."""
    found = load_stations(settings.stations)
    if book.find(name) is None:
        raise AccountUnknown
    if found.find(code) is None:
        raise StationUnknown
    store = open_store(settings.database)
    try:
        open_audit(store, lambda: now or _read_clock()).write(COMMAND_LINE, StationAct.PUT, f"{name} {code}")
        Roster(store, found).put(name, code)
    finally:
        store.close()


@contextmanager
def _open_book(settings_path: Path) -> Iterator[AccountBook]:
    with _plain_station_errors(), open_accounts(load_settings(settings_path, StationSettings)) as book:
        yield book


@contextmanager
def _plain_station_errors() -> Iterator[None]:
    with plain_errors():
        try:
            yield
        except (StationError, AccountsError, AuditError) as error:
            raise click.ClickException(say_error(error)) from None
        except StoreError as error:
            raise click.ClickException(say_database_error(error)) from None


def _read_clock() -> datetime:
    return datetime.now(UTC)


_accounts = make_account_group(_open_book, Role, COMMAND_LINE)
_accounts.add_command(put)
station.add_command(_accounts)
