"""`kjt court`: the disclosure court's offline tools. They write files; nothing here talks to a network."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from commands.plain import FILE, FOLDER, NEW_FILE, Day, Month, plain_errors
from oversight.court import describe_order, draft_order, list_marks, pass_on, verify_order
from oversight.errors import OtherOrder
from oversight.keys import (
    COURT_ROLES,
    Role,
    ensure_disclosure_keys,
    load_disclosure_keys,
    load_signer,
    load_verifier,
    make_keys,
    write_private,
)
from oversight.log import Step, append_log, check_quota
from oversight.order_files import (
    Found,
    Marked,
    Stripped,
    read_handed_over,
    read_note,
    read_number,
    read_passed,
    write_number,
    write_passed,
)
from oversight.root_file import ORDERS_PER_DAY, CourtKeys, find_first_month
from records.numbers import has_wrong_check
from records.orders import Order, OrderedNumber, sign_order

_keys_option = click.option("--keys", "folder", type=FOLDER, required=True, help="The court's key folder.")


@click.group()
def court() -> None:
    """Sign an order for one record, and find that record among those handed over."""


@court.command()
@click.option("--out", type=FOLDER, required=True, help="Folder for the keys; it must not hold any yet.")
@click.option("--name", default="demo/court", show_default=True, help="Name of this court in signed texts.")
@click.option("--month", type=Month(), help="First of 13 months of disclosure keys. Default: this month.")
def keys(out: Path, name: str, month: date | None) -> None:
    """Make the order key and 13 monthly disclosure keys."""
    with plain_errors():
        make_keys(out, COURT_ROLES, name=name, first_month=month or datetime.now(UTC).date())
        click.echo(f"made in {out}; the public half, for the root file:\n{load_verifier(out, Role.ORDER).to_text()}")


@court.command()
@_keys_option
@click.option("--month", type=Month(), help="First of 13 months of disclosure keys. Default: last month.")
@click.option("--out", type=NEW_FILE, required=True, help="File for oversight, which signs the root file.")
def public(folder: Path, month: date | None, out: Path) -> None:
    """Write the public half of the court's keys; makes the disclosure keys of months that have none yet."""
    with plain_errors():
        disclosure_keys = ensure_disclosure_keys(folder, month or find_first_month(datetime.now(UTC)))
        keys = CourtKeys(load_verifier(folder, Role.ORDER), disclosure_keys)
        out.write_text(keys.to_text(), encoding="utf-8")
    click.echo(f"{out} goes to oversight. Read this to them, by another way than the file took:\n{keys.fingerprint}")


@court.command()
@_keys_option
@click.option("--venue", required=True, help="The house, 32 hexadecimal digits.")
@click.option("--from", "first_day", type=Day(), required=True, help="First day (UTC).")
@click.option("--to", "last_day", type=Day(), required=True, help="Last day (UTC), at most the seventh.")
@click.option("--court", "name", required=True, help="The court, as the guest will read it.")
@click.option("--ground", required=True, help="The ground, as the guest will read it.")
@click.option("--order", "file_number", required=True, help="The court's own file number.")
@click.option("--show-from", type=Day(), help="Day from which the guest is told, at most 90 days on. Default: today.")
@click.option("--jurisdiction", default="demo", show_default=True)
@click.option("--out", type=FOLDER, required=True, help="Folder for order.note and number.json.")
@click.option("--yes", is_flag=True, help="Sign without asking.")
def order(
    folder: Path,
    venue: str,
    first_day: date,
    last_day: date,
    name: str,
    ground: str,
    file_number: str,
    show_from: date | None,
    jurisdiction: str,
    out: Path,
    yes: bool,
) -> None:
    """Sign an order for the record of one number, in one house, within seven days.

    The number is asked for: on the command line it would stay in the shell's history and the list of processes.
    """
    number = click.prompt("证件号码 Document number", hide_input=True)
    with plain_errors():
        signer = load_signer(folder, Role.ORDER)
        today = datetime.now(UTC).date()
        drafted, ordered = draft_order(
            jurisdiction=jurisdiction, order=file_number, court=name, ground=ground, venue=venue, first_day=first_day,
            last_day=last_day, ordered_on=today, show_from=show_from or today, number=number,
        )  # fmt: skip
        click.echo("\n".join(describe_order(drafted, ordered)))
        if has_wrong_check(ordered.number):
            click.echo("注意：这个居民号码的校验位不对。命令只能找到这个号码本身。")
            click.echo("CAREFUL: a resident number with a wrong check digit. An order finds this very number only.")
        if not yes:
            click.confirm("签署这份命令吗？ Sign this order?", abort=True)
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(out / "order.note", sign_order(drafted, signer).encode())
        write_number(out / "number.json", ordered)
        click.echo(
            f"已签署：{out / 'order.note'} 交登记服务和监督机构，并留在这里。\n"
            f"号码：{out / 'number.json'} 留在这里，只交监督机构，绝不交登记服务。\n"
            f"Signed: {out / 'order.note'} goes to the registration service, to oversight and stays here.\n"
            f"The number: {out / 'number.json'} stays here and goes to oversight, never to the registration service."
        )


_order_option = click.option("--order", "order_path", type=FILE, required=True, help="order.note")
_number_option = click.option("--number", "number_path", type=FILE, required=True, help="number.json")
_records_option = click.option(
    "--records", "records_path", type=FILE, required=True, help="What central handed over (JSON lines)."
)


@court.command()
@_keys_option
@_order_option
@_number_option
@_records_option
@click.option("--out", type=NEW_FILE, required=True, help="File with the marks, for oversight.")
@click.option("--orders-per-day", default=ORDERS_PER_DAY, show_default=True, help="As in the root file.")
def strip(
    folder: Path, order_path: Path, number_path: Path, records_path: Path, out: Path, orders_per_day: int
) -> None:
    """Strip the court's layer, and write the marks by which oversight finds the ordered guest's records."""
    with plain_errors():
        note, verified, _ = _verify(folder, order_path, number_path)
        handed_over = read_handed_over(records_path)
        if handed_over.order != note:
            raise OtherOrder
        now = datetime.now(UTC)
        check_quota(folder / "orders.log", note, orders_per_day, now)
        report = list_marks(verified, handed_over.envelopes, load_disclosure_keys(folder))
        append_log(folder / "orders.log", note, Step.LOOK, len(report.marked), now, orders_per_day)
        write_passed(out, Marked(note, report.marked))
    click.echo(f"查看密封记录 {report.looked_at} 份；给监督机构的标记 {len(report.marked)} 个，在 {out}。")
    click.echo(f"Looked at {report.looked_at} sealed records; {len(report.marked)} marks for oversight in {out}.")
    if report.outside_days:
        click.echo(f"{report.outside_days} 份不在命令所定的日期内，已放在一边。")
        click.echo(f"{report.outside_days} were captured on other days than the order's, and were left aside.")
    if report.damaged:
        click.echo(f"{report.damaged} 份已损坏：签名不符，或没有密钥能打开。")
        click.echo(f"{report.damaged} are damaged: their signature does not hold, or no key opens them.")


@court.command("pass-on")
@_keys_option
@_order_option
@_number_option
@_records_option
@click.option("--found", "found_path", type=FILE, required=True, help="What oversight found.")
@click.option("--out", type=NEW_FILE, required=True, help="File for the records that oversight gets.")
def pass_on_found(
    folder: Path, order_path: Path, number_path: Path, records_path: Path, found_path: Path, out: Path
) -> None:
    """Check what oversight found, and pass on the ordered guest's records and no others."""
    with plain_errors():
        note, verified, ordered = _verify(folder, order_path, number_path)
        handed_over, found = read_handed_over(records_path), read_passed(found_path, Found)
        if not handed_over.order == found.order == note:
            raise OtherOrder
        report = pass_on(verified, ordered, handed_over.envelopes, found.records, load_disclosure_keys(folder))
        append_log(folder / "orders.log", note, Step.HAND_ON, len(report.passed), datetime.now(UTC))
        write_passed(out, Stripped(note, report.passed))
    click.echo(f"向监督机构转交 {len(report.passed)} 份。 {len(report.passed)} passed on to oversight.")
    if report.refused:
        click.echo(f"注意：监督机构指出的有 {report.refused} 份不属于命令所指的旅客，没有转交。请询问原因。")
        click.echo(
            f"CAREFUL: oversight named {report.refused} that are not the ordered guest's in that house and those days."
            " They were not passed on. Ask oversight why."
        )
    if not report.passed:
        click.echo("那家旅馆那几天没有命令所指号码的记录。没有转交任何记录。")
        click.echo("None carries the ordered number in that house in those days. Nothing was passed on.")


def _verify(folder: Path, order_path: Path, number_path: Path) -> tuple[str, Order, OrderedNumber]:
    note, ordered = read_note(order_path), read_number(number_path)
    return note, verify_order(note, load_verifier(folder, Role.ORDER), ordered), ordered
