"""`kjt oversight`: the oversight body's offline tools, and its guest page."""

from __future__ import annotations

import base64
import binascii
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import click

from commands.plain import FILE, FOLDER, NEW_FILE, Month, plain_errors
from oversight.disclosure import describe_record, disclose_records, find_records, open_records
from oversight.keys import (
    OVERSIGHT_ROLES,
    Role,
    ensure_disclosure_keys,
    load_disclosure_keys,
    load_signer,
    load_verifier,
    make_keys,
    write_private,
)
from oversight.log import Step, append_log, check_quota
from oversight.order_files import Found, Marked, Stripped, read_note, read_number, read_passed, write_passed
from oversight.page.app import open_page
from oversight.page.digest import compute_page_digest
from oversight.page.settings import PageSettings
from oversight.root_file import (
    ORDERS_PER_DAY,
    CourtKeys,
    find_first_month,
    make_demonstration_root,
    make_registration_root,
)
from records.notes import NoteVerifier
from records.root import MAX_ORDERS_PER_DAY, NextReceiptKey, load_root
from records.suite import VerifyKey
from service.server import serve_app
from service.settings import load_settings

_keys_option = click.option("--keys", "folder", type=FOLDER, required=True, help="Oversight's key folder.")
_root_option = click.option("--root", "root_path", type=FILE, required=True, help="root.note")
_root_verifier_option = click.option("--root-verifier", required=True, help="Verifier key of the root file.")
_order_option = click.option("--order", "order_path", type=FILE, required=True, help="order.note")
_number_option = click.option("--number", "number_path", type=FILE, required=True, help="number.json")
_notices_option = click.option(
    "--notices", type=FOLDER, required=True, help="Oversight's own folder of notices and its log."
)


@click.group()
def oversight() -> None:
    """Keys and root file, opening one record under an order, and the guest page."""


@oversight.command()
@click.option("--out", type=FOLDER, required=True, help="Folder for the keys; it must not hold any yet.")
@click.option("--name", default="demo/oversight", show_default=True, help="Name of this body in signed texts.")
@click.option("--month", type=Month(), help="First of 13 months of disclosure keys. Default: this month.")
def keys(out: Path, name: str, month: date | None) -> None:
    """Make root key, notice key and 13 monthly disclosure keys."""
    with plain_errors():
        make_keys(out, OVERSIGHT_ROLES, name=name, first_month=month or datetime.now(UTC).date())
        click.echo(f"已在 {out} 生成；终端用下面的公钥核对根文件。")
        click.echo(f"made in {out}; terminals check the root file with:\n{load_verifier(out, Role.ROOT).to_text()}")


@oversight.command()
@_keys_option
@click.option("--court-keys", type=FOLDER, required=True, help="The court's key folder (demonstration: both are here).")
@click.option("--receipt-key", required=True, help="Central's receipt key, base64 of 32 bytes.")
@click.option("--guest-page", required=True, help="Address of the guest page; on this machine.")
@click.option("--out", type=NEW_FILE, required=True, help="File for the signed root file.")
def root(folder: Path, court_keys: Path, receipt_key: str, guest_page: str, out: Path) -> None:
    """Sign a root file for the demonstration: for specimens, on this machine."""
    now = datetime.now(UTC)
    with plain_errors():
        note = make_demonstration_root(
            now=now,
            signer=load_signer(folder, Role.ROOT),
            receipt_key=_read_verify_key(receipt_key),
            order_key=load_verifier(court_keys, Role.ORDER),
            notice_key=load_verifier(folder, Role.NOTICE),
            court_keys=ensure_disclosure_keys(court_keys, find_first_month(now)),
            oversight_keys=ensure_disclosure_keys(folder, find_first_month(now)),
            guest_page=guest_page,
        )
        write_private(out, note.encode())
    click.echo(f"已签署 signed: {out}")


@oversight.command()
@_keys_option
@click.option("--court", "court_path", type=FILE, required=True, help="The court's public keys (kjt court public).")
@click.option("--receipt-key", required=True, help="Central's receipt key, base64 of 32 bytes.")
@click.option("--next-receipt-key", "following", help="The one that is to follow (kjt central next-receipt-key).")
@click.option("--takes-over", type=click.DateTime(["%Y-%m-%d"]), help="The day (UTC) on which it takes over.")
@click.option("--profile", default="icao", show_default=True, help="Id of the jurisdiction's profile.")
@click.option("--orders-per-day", type=click.IntRange(0, MAX_ORDERS_PER_DAY), default=ORDERS_PER_DAY, show_default=True)
@click.option("--guest-page", required=True, help="Address of the guest page, https.")
@click.option("--out", type=NEW_FILE, required=True, help="File for the signed root file.")
@click.option("--yes", is_flag=True, help="Sign without asking.")
def registration_root(
    folder: Path,
    court_path: Path,
    receipt_key: str,
    following: str | None,
    takes_over: datetime | None,
    profile: str,
    orders_per_day: int,
    guest_page: str,
    out: Path,
    yes: bool,
) -> None:
    """Sign a root file for a real service: registration alone, valid for 365 days."""
    now = datetime.now(UTC).replace(microsecond=0)
    with plain_errors():
        court = CourtKeys.from_text(read_note(court_path))
        note = make_registration_root(
            jurisdiction=profile, now=now, signer=load_signer(folder, Role.ROOT),
            receipt_key=_read_verify_key(receipt_key), notice_key=load_verifier(folder, Role.NOTICE), court=court,
            oversight_keys=ensure_disclosure_keys(folder, find_first_month(now)), orders_per_day=orders_per_day,
            guest_page=guest_page, next_receipt_key=_read_following(following, takes_over),
        )  # fmt: skip
        click.echo(f"法院的密钥 The court's keys: {court.fingerprint}")
        if not yes:
            click.echo("法院向您读出的是否相同，是否签署？")
            click.confirm("Does the court read the same to you, and is this to be signed?", abort=True)
        write_private(out, note.encode())
    click.echo(f"已签署 signed: {out}\n设置用下面的公钥核对 settings check it with:")
    click.echo(load_verifier(folder, Role.ROOT).to_text())


@oversight.command()
@_keys_option
@_root_option
@_root_verifier_option
@_order_option
@_number_option
@click.option("--marks", "marks_path", type=FILE, required=True, help="The marks, from the court.")
@_notices_option
@click.option("--out", type=NEW_FILE, required=True, help="File for the court: which records are the ordered guest's.")
def find(
    folder: Path,
    root_path: Path,
    root_verifier: str,
    order_path: Path,
    number_path: Path,
    marks_path: Path,
    notices: Path,
    out: Path,
) -> None:
    """Find the ordered guest's records among the marks of a house, and leave a line in the log."""
    now = datetime.now(UTC)
    with plain_errors():
        note, marked = read_note(order_path), read_passed(marks_path, Marked)
        loaded = load_root(read_note(root_path), NoteVerifier.from_text(root_verifier), now)
        ordered, log = read_number(number_path), notices / "openings.log"
        check_quota(log, note, loaded.orders_per_day, now)
        keys = load_disclosure_keys(folder)
        with click.progressbar(length=len(marked.records), label="Looking", file=sys.stderr) as bar:
            found = find_records(
                marked, ordered, note=note, root=loaded, keys=keys, on_progress=lambda _: bar.update(1)
            )
        append_log(log, note, Step.LOOK, len(marked.records), now, loaded.orders_per_day)
        write_passed(out, Found(note, found))
    click.echo(f"查看标记 {len(marked.records)} 个，其中 {len(found)} 个属于命令所指的旅客。{out} 交法院。")
    click.echo(f"Looked at {len(marked.records)} marks; {len(found)} are the ordered guest's. {out} goes to the court.")


@oversight.command("open")
@_keys_option
@_root_option
@_root_verifier_option
@_order_option
@_number_option
@click.option("--stripped", "stripped_path", type=FILE, required=True, help="What the court passed on.")
@_notices_option
@click.option("--page-notices", type=FOLDER, required=True, help="The guest page's folder of notices.")
def open_order(
    folder: Path,
    root_path: Path,
    root_verifier: str,
    order_path: Path,
    number_path: Path,
    stripped_path: Path,
    notices: Path,
    page_notices: Path,
) -> None:
    """Open the ordered records, leave a notice for the guest and a line in the log, and show them."""
    now = datetime.now(UTC)
    with plain_errors():
        note, stripped = read_note(order_path), read_passed(stripped_path, Stripped)
        loaded = load_root(read_note(root_path), NoteVerifier.from_text(root_verifier), now)
        verified, opened = open_records(
            stripped, read_number(number_path), note=note, root=loaded, keys=load_disclosure_keys(folder)
        )
        if not opened:
            click.echo("法院没有依此命令转交任何记录，没有可打开的。")
            click.echo("The court passed on no record under this order. There is nothing to open.")
            return
        disclose_records(
            verified, note, opened, root=loaded, signer=load_signer(folder, Role.NOTICE),
            log=notices / "openings.log", now=now,
            notice_folders=(notices, page_notices),
        )  # fmt: skip
    click.echo(f"依 {verified.court} 第 {verified.order} 号命令打开 {len(opened)} 份：")
    click.echo(f"Opened {len(opened)} under order {verified.order} of {verified.court}:")
    for record in opened:
        click.echo("\n" + "\n".join(describe_record(record)))
    click.echo(f"\n旅客页自 {verified.show_from} 起写明此事。打开已记入日志。")
    click.echo(f"The guest page says so from {verified.show_from} on. The opening is in the log.")


@oversight.command()
@click.option("--settings", "settings_path", type=FILE, required=True, help="Settings file (TOML).")
def page(settings_path: Path) -> None:
    """Serve the guest page and its relay until SIGTERM."""
    serve_page(settings_path)


def serve_page(settings_path: Path) -> None:
    """Serve the guest page until SIGTERM. Raises: ClickException saying what is wrong."""
    with plain_errors():
        settings = load_settings(settings_path, PageSettings, "page")
        open_page(settings)  # so that what is wrong is said plainly and at once
    serve_app("oversight.page.app:create_app", settings_path, address=settings.address, port=settings.port)


@oversight.command()
def digest() -> None:
    """Print the digest of the guest page's script, style and text."""
    click.echo(compute_page_digest())


def _read_following(text: str | None, takes_over: datetime | None) -> NextReceiptKey | None:
    if (text is None) != (takes_over is None):
        raise click.BadParameter("--next-receipt-key and --takes-over belong together")
    if text is None or takes_over is None:
        return None
    return NextReceiptKey(takes_over.replace(tzinfo=UTC), _read_verify_key(text))


def _read_verify_key(text: str) -> VerifyKey:
    try:
        return VerifyKey.from_bytes(base64.b64decode(text, validate=True))
    except binascii.Error:
        raise click.BadParameter("the receipt key is base64 of 32 bytes") from None
