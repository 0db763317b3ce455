"""`kjt audit`: the audit log's key, reading and exporting the log, and checking an exported one anywhere."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path

import click

from central.audit import COMMAND_LINE, care_for_audit, open_audit
from central.parts import read_clock
from central.settings import CentralSettings
from central.store import StoreError, open_store
from commands.check import LANGUAGES
from commands.plain import FILE, NEW_FILE, plain_errors, say_database_error
from oversight.keys import write_private
from oversight.own_log import open_own_log
from records.cosignature import WitnessKey
from records.log_keys import LogVerifier
from records.suite import read_time
from service.audit.care import LogCare
from service.audit.entry import Entry
from service.audit.export import list_members, write_archive
from service.audit.keys import LogSigner, add_second_key, create_log_keys, load_audit_key
from service.audit.verify import Verdict, verify_export
from service.pages.texts import load_words
from service.settings import load_settings

_MANY = 20  # lines of the same kind of news are enough
_settings_option = click.option(
    "--settings", "settings_path", required=True, type=FILE, help="The installation's settings (TOML)."
)


@click.group()
def audit() -> None:
    """Central's audit log: who did what, in a form that outsiders can check (docs/audit.md)."""


@audit.command()
@_settings_option
@click.option("--name", required=True, help="The log's name, the same for ever, such as example.org/kuaijietong.")
def key(settings_path: Path, name: str) -> None:
    """Make the keys that sign checkpoints, once, and print their public halves (Ed25519, ML-DSA-44)."""
    with plain_errors():
        path = load_settings(settings_path, CentralSettings, "central").audit_key
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = create_log_keys(path, name)
    _tell_keys(made)


@audit.command()
@click.option("--file", "path", required=True, type=FILE, help="The file of any of our logs' keys: audit.key.")
def second_key(path: Path) -> None:
    """Add a key of another kind (ML-DSA-44) to a log's key that has none yet, and print it."""
    with plain_errors():
        click.echo(add_second_key(path).to_text())


@audit.command()
@_settings_option
def public(settings_path: Path) -> None:
    """Print the public half of the key again."""
    with plain_errors():
        signer = load_audit_key(load_settings(settings_path, CentralSettings, "central").audit_key)
    _tell_keys(signer)


@audit.command()
@_settings_option
@click.option("--last", type=click.IntRange(1), default=100, show_default=True, help="How many places to go back.")
def read(settings_path: Path, last: int) -> None:
    """Show the latest entries. That you did is an entry too."""
    with _open(settings_path) as care:
        count = care.log.count()
        for entry in care.log.read(COMMAND_LINE, max(0, count - last), count + 1):
            click.echo(_describe_entry(entry))


@audit.command()
@_settings_option
@click.option("--out", required=True, type=NEW_FILE, help="The file to write; new.")
def export(settings_path: Path, out: Path) -> None:
    """Write the whole log into a file for an auditor. That you did is an entry too."""
    with _open(settings_path) as care:
        copy = care.log.copy(COMMAND_LINE, care.load_signer())
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(write_archive(list_members(copy)))
    click.echo(f"{out}：{len(copy.commitments)} 个叶子，{len(copy.entries)} 条有文本的记录")
    click.echo(f"{out}: {len(copy.commitments)} leaves, {len(copy.entries)} entries with their text")


@audit.command("export-own")
@click.argument("path", metavar="FILE", type=FILE)
@click.option("--out", required=True, type=NEW_FILE, help="The file to write; new.")
def export_own(path: Path, out: Path) -> None:
    """Write the log that a folder keeps by itself, such as openings.audit, and print its public keys."""
    with plain_errors(), open_own_log(path, frozenset(), read_clock) as own:
        write_private(out, own.export())
        _tell_keys(own.signer)


@audit.command()
@click.argument("path", metavar="FILE", type=FILE)
@click.option(
    "--key",
    "keys",
    required=True,
    multiple=True,
    help="A public key of the log; again for the other kind, or one it had before.",
)
@click.option("--since", type=FILE, help="A checkpoint of this log that you kept, or that a witness gave you.")
@click.option("--witness", help="The public key of the witness that must have cosigned the checkpoint of --since.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the report.")
def verify(path: Path, keys: tuple[str, ...], since: Path | None, witness: str | None, language: str) -> None:
    """Check an exported log, without the service. Exit status 1 when something is wrong with it."""
    with plain_errors():
        verifier = LogVerifier.from_texts(keys)
        kept = None if since is None else since.read_text(encoding="utf-8", errors="replace")
        cosigner = None if witness is None else WitnessKey.from_text(witness)
        verdict = verify_export(path.read_bytes(), verifier, kept, cosigner)
        for line in describe_verdict(verdict, language, is_compared=since is not None):
            click.echo(line)
    if verdict.faults:
        raise SystemExit(1)


def describe_verdict(verdict: Verdict, language: str, *, is_compared: bool) -> Iterator[str]:
    """Yield the lines of the report."""
    texts = {code: each[language] for code, each in load_texts().items()}
    for fault in verdict.faults[:_MANY]:
        yield texts[fault.code].format(**fault.values)
    if len(verdict.faults) > _MANY:
        yield texts["more"].format(more=len(verdict.faults) - _MANY)
    if verdict.faults:
        yield texts["bad"]
    elif verdict.newest is not None:
        yield texts["good"].format(
            name=verdict.newest.log,
            leaves=verdict.leaves,
            entries=len(verdict.entries),
            time=_write_time(verdict.entries[0].time),
        )
        yield texts["compared" if is_compared else "not_compared"]
        if verdict.witnessed_at is not None:
            yield texts["witnessed"].format(time=_write_time(verdict.witnessed_at))


def _tell_keys(signer: LogSigner) -> None:
    click.echo("\n".join(signer.log_verifier.to_texts()))


@cache
def load_texts() -> dict[str, dict[str, str]]:
    """Return the words of the report by code."""
    return tomllib.loads((resources.files("commands") / "audit.toml").read_text(encoding="utf-8"))


def _describe_entry(entry: Entry) -> str:
    # As the console says it in Chinese, beside what stands in the log, which is English.
    said = load_words("central.console", "zh").name("act", entry.act)
    return f"{entry.number:>8}  {_write_time(entry.time)}  {entry.actor}  {said} {entry.act}  {entry.subject}".rstrip()


def _write_time(seconds: int) -> str:
    return f"{read_time(seconds, 'time'):%Y-%m-%d %H:%M:%S}"


@contextmanager
def _open(settings_path: Path) -> Iterator[LogCare]:
    try:
        with plain_errors():
            settings = load_settings(settings_path, CentralSettings, "central")
            store = open_store(settings.database)
            try:
                yield care_for_audit(open_audit(store, read_clock), settings)
            finally:
                store.close()
    except StoreError as error:
        raise click.ClickException(say_database_error(error)) from None
