"""`kjt oversight annex` and `kjt oversight countersign`: the oversight body's part. A demonstration, for specimens."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from commands.comparing.annex_option import load_annex_files, plain_refusals, with_annex
from commands.comparing.court_asking import require_terminal
from commands.plain import FILE, FOLDER, NEW_FILE
from oversight.comparing.annexing import (
    USUAL_COMPARISONS,
    AnnexPlan,
    describe_annex,
    draft_annex,
    make_annex,
)
from oversight.comparing.book import Book, hold_folder
from oversight.comparing.countersigning import Review, count_by_act, is_birth_date_of, review
from oversight.comparing.countersigning import countersign as sign_reviewed
from oversight.comparing.keys import KeyFile, PublicKeys, load_signing_key, make_box, make_signing_key
from oversight.comparing.list_files import read_decisions, read_text, read_withdrawals, write_list
from oversight.comparing.offline_log import open_offline_log
from oversight.comparing.page.audit import PageAct
from oversight.comparing.permitting import countersign_permit
from oversight.keys import Role, load_signer, write_private
from oversight.own_log import COMMAND_LINE, OwnLog
from records.comparing.acts import Act, describe_act
from records.comparing.annex import MAX_COMPARISONS_PER_DAY, MAX_DECISIONS, USUAL_DECISIONS
from records.comparing.decisions import Decision, describe_decision
from records.comparing.fault_words import describe_refusal
from records.comparing.lists import load_list
from records.comparing.permits import parse_permit
from records.notes import NoteVerifier
from records.root import load_root
from records.small_counts import round_count, write_count
from records.suite import HybridPublicKey


@click.group()
def annex() -> None:
    """The annex: the keys of comparison, beside the root file of a demonstration and beside no other."""


@annex.command()
@click.option("--offline", type=FOLDER, required=True, help="Folder for the key that signs lists; stays offline.")
@click.option("--desk", type=FOLDER, required=True, help="Folder of the desk: its permit key and its box.")
@click.option("--name", default="demo/oversight", show_default=True, help="Name of this body in signed texts.")
def keys(offline: Path, desk: Path, name: str) -> None:
    """Make the keys of lists and permits, and the box for the station's reports."""
    with plain_refusals():
        click.echo(make_signing_key(offline, KeyFile.LIST, f"{name}/list").to_text())
        click.echo(make_signing_key(desk, KeyFile.PERMIT, f"{name}/permit").to_text())
        make_box(desk)


@annex.command()
@click.option("--keys", "folder", type=FOLDER, required=True, help="Oversight's folder with the root key.")
@click.option("--root", "root_path", type=FILE, required=True, help="root.note of the demonstration.")
@click.option("--offline", type=FOLDER, required=True, help="Folder of the list key.")
@click.option("--desk", type=FOLDER, required=True, help="Folder of the desk.")
@click.option("--office", type=FILE, required=True, help="The screening office's public keys.")
@click.option("--station", type=FILE, required=True, help="The station's public keys.")
@click.option("--court", "courts", type=(str, FILE), required=True, multiple=True, help="Name and public keys.")
@click.option("--max-decisions", type=click.IntRange(1, MAX_DECISIONS), default=USUAL_DECISIONS, show_default=True)
@click.option(
    "--max-comparisons", type=click.IntRange(1, MAX_COMPARISONS_PER_DAY), default=USUAL_COMPARISONS,
    show_default=True, help="A day.",
)  # fmt: skip
@click.option("--out", type=NEW_FILE, required=True, help="File for the signed annex.")
@click.option("--yes", is_flag=True, help="Sign without asking.")
def sign(
    folder: Path, root_path: Path, offline: Path, desk: Path, office: Path, station: Path,
    courts: tuple[tuple[str, Path], ...], max_decisions: int, max_comparisons: int, out: Path, yes: bool,
) -> None:  # fmt: skip
    """Read what the parties brought, compare fingerprints, and sign the annex: for at most 31 days."""
    now = datetime.now(UTC).replace(microsecond=0)
    with plain_refusals():
        signer = load_signer(folder, Role.ROOT)
        root = load_root(read_text(root_path), signer.verifier, now)
        plan = AnnexPlan(
            courts=tuple((label, PublicKeys.from_text(read_text(path))) for label, path in courts),
            office=PublicKeys.from_text(read_text(office)),
            station=PublicKeys.from_text(read_text(station)),
            list_key=NoteVerifier.from_text(read_text(offline / f"{KeyFile.LIST}.pub")),
            permit_key=NoteVerifier.from_text(read_text(desk / f"{KeyFile.PERMIT}.pub")),
            oversight_box=HybridPublicKey.from_bytes(bytes.fromhex(read_text(desk / "box.pub"))),
            max_decisions=max_decisions,
            max_comparisons_per_day=max_comparisons,
        )
        drafted = draft_annex(plan, root, now)
        click.echo("\n".join(describe_annex(drafted)))
        if not yes:
            click.confirm("指纹是否全部核对无误，签署吗？ Do all fingerprints fit, and do you sign?", abort=True)
        write_private(out, make_annex(drafted, root, signer, now).encode())
    click.echo(f"已签署，{out} 交各方。 Signed: {out} goes to every party.")


@click.command()
@with_annex
@click.option("--offline", type=FOLDER, required=True, help="Folder of the list key and of the book.")
@click.option(
    "--decisions", "source", type=click.Path(exists=True, path_type=Path), required=True,
    help="What the courts brought: a folder, or one file. What is not in it is left out of the list.",
)  # fmt: skip
@click.option("--withdrawals", type=FOLDER, help="Folder of the courts' withdrawals.")
@click.option("--out", type=FOLDER, required=True, help="Folder for list, decisions and leaves.")
def countersign(
    annex_files: tuple[Path, Path, str], offline: Path, source: Path, withdrawals: Path | None, out: Path
) -> None:
    """Read every new decision in full, say yes or no to each, and sign the list: at most 200 new ones a day."""
    # Two at once would each count to 200, and sign two lists under one number.
    with plain_refusals(), hold_folder(offline, "book"), open_offline_log(offline, _now) as own:
        loaded, signer = load_annex_files(*annex_files), load_signing_key(offline, KeyFile.LIST)
        ended = read_withdrawals(withdrawals, loaded) if withdrawals else []
        book = Book(offline)
        found = review(read_decisions(source), ended, loaded, book, datetime.now(UTC).date())
        _tell_review(found)
        if found.new:
            require_terminal("en")
        made = sign_reviewed(found, loaded, book, signer, _now, partial(_ask, own))
        own.write(COMMAND_LINE, PageAct.SIGN, made.made.root.hex())
        write_list(out, made)
    click.echo(
        f"\n清单 List {made.made.number}: {made.made.count} 项决定 decisions; {made.said_no} 项未获同意 said no to."
    )
    if made.left_for_tomorrow:
        click.echo(f"{made.left_for_tomorrow} 项留待明日 are left for tomorrow: 200 is the most for a day.")
    for (court, act), count in sorted(count_by_act(made.decisions).items()):
        click.echo(f"  {court}: {' '.join(describe_act(Act(act)))} {write_count(round_count(count))}")
    click.echo(f"{out} 交比对办公室；list.note 和 leaves.txt 也交服务台。")
    click.echo(f"{out} goes to the office; list.note and leaves.txt to the desk as well.")


@click.command()
@with_annex
@click.option("--offline", type=FOLDER, required=True, help="Folder of the list key.")
@click.option("--list", "list_path", type=FILE, required=True, help="list.note, as you signed it.")
@click.option("--draft", type=FILE, required=True, help="What `kjt desk permit --draft` wrote.")
@click.option("--out", type=NEW_FILE, required=True, help="The same, signed, for `kjt desk issue`.")
@click.option("--yes", is_flag=True, help="Sign without asking.")
def agree(
    annex_files: tuple[Path, Path, str], offline: Path, list_path: Path, draft: Path, out: Path, yes: bool
) -> None:
    """Countersign the desk's draft of a permit: without the list key's signature it permits nothing."""
    with plain_refusals():
        loaded, signer, text = load_annex_files(*annex_files), load_signing_key(offline, KeyFile.LIST), read_text(draft)
        made, permit = load_list(read_text(list_path), loaded), parse_permit(text, loaded)
        hours = (permit.valid_until - permit.valid_from).total_seconds() / 3600
        click.echo(
            f"许可第 {permit.number} 号 Permit {permit.number}: {permit.valid_from:%Y-%m-%d %H:%M} — "
            f"{permit.valid_until:%Y-%m-%d %H:%M} UTC,\n"
            f"  清单 with list {permit.list_number}: {permit.decisions} 项决定 decisions,\n"
            f"  最多 at most {permit.max_comparisons} 次比对 comparisons."
        )
        if not yes:
            click.confirm("会签吗？ Do you countersign it?", abort=True)
        note = countersign_permit(text, made, hours, permit.max_comparisons, loaded, signer, _now())
        with open_offline_log(offline, _now) as own:
            own.write(COMMAND_LINE, PageAct.PERMIT, made.root.hex())
        write_private(out, note.encode())
    click.echo(f"已会签 Countersigned: {out}")


def _tell_review(found: Review) -> None:
    for where, error in found.refused:
        click.echo(f"拒绝 Refused: {where}: {describe_refusal(error)}", err=True)
    for where in found.twice:
        click.echo(f"拒绝 Refused: {where}: 文号重复 another decision has this file number", err=True)
    click.echo(
        f"新 new {len(found.new)}　已会签 countersigned before {len(found.known)}　"
        f"已失效或撤回 expired or withdrawn {found.ended}　拒绝 refused {len(found.refused) + len(found.twice)}"
    )


def _ask(own: OwnLog, decision: Decision, which: int, of: int) -> bool:
    leaf = decision.leaf.hex()
    own.log.write(COMMAND_LINE, PageAct.LOOK, leaf)
    click.echo(f"\n—— {which} / {of} ——")
    click.echo("\n".join(describe_decision(decision)))
    click.echo("如同意比对此人，请键入其出生日期；直接回车为不同意。")
    click.echo("If you agree that this person is compared, type the date of birth. Enter alone is a no.")
    # No answer is the answer no: who only presses Enter agrees to nothing.
    agrees = _type_birth_date(decision)
    own.log.write(COMMAND_LINE, PageAct.AGREE if agrees else PageAct.REFUSE, leaf)
    return agrees


def _type_birth_date(decision: Decision) -> bool:
    while typed := click.prompt("出生日期 Date of birth", default="", show_default=False).strip():
        if is_birth_date_of(decision, typed):
            return True
        click.echo("与决定中的出生日期不符。 That is not the date of birth in the decision.")
    return False


def _now() -> datetime:
    return datetime.now(UTC)
