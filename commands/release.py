"""`kjt release`: make a release of this program, sign it, write it into the public log, and check one."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import click

from commands.plain import FILE, FOLDER, plain_errors
from records.cosignature import WitnessKey
from records.log_keys import LogVerifier
from records.notes import NoteVerifier, open_note
from records.release import (
    Release,
    SignedRelease,
    add_cosignatures,
    decode_offer,
    encode_offer,
    sign_release,
    verify_release,
    verify_wheel,
)
from service.audit.keys import create_audit_key, create_log_keys, load_audit_key
from service.release_log import ReleaseLog
from terminal.store.database import SCHEMA_VERSION

_RELEASE_KEY, _LOG_KEY = "release.key", "log.key"
_VERSION_LINE = re.compile(r"^Version: (.+)$", re.MULTILINE)
_keys_option = click.option("--keys", "keys", required=True, type=FOLDER, help="Folder with release.key and log.key.")
_witnesses_option = click.option(
    "--witness-key", "witness_keys", multiple=True, help="A witness that must have cosigned the log."
)
_wheel_option = click.option("--wheel", "wheel", required=True, type=FILE, help="The wheel.")


@click.group()
def release() -> None:
    """Make, sign and check releases of this program (docs/updates.md)."""


@release.command()
@click.option("--out", "folder", required=True, type=FOLDER, help="A new folder, on a machine without a network.")
@click.option("--name", required=True, help="Who releases, such as example.org/kuaijietong.")
def keys(folder: Path, name: str) -> None:
    """Make the key that releases are signed with, and the log's two. Prints the three public halves."""
    with plain_errors():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        click.echo(create_audit_key(folder / _RELEASE_KEY, f"{name}/release").verifier.to_text())
        for text in create_log_keys(folder / _LOG_KEY, f"{name}/log").log_verifier.to_texts():
            click.echo(text)


@release.command()
@click.option("--source", default=Path(), type=FOLDER, help="The repository; the working folder by default.")
@click.option("--out", "folder", required=True, type=FOLDER, help="Where the wheel goes.")
def build(source: Path, folder: Path) -> None:
    """Build the wheel. Whoever builds the same commit gets the same bytes."""
    with plain_errors():
        wheel = build_wheel(source, folder)
        click.echo(f"{hashlib.sha256(wheel.read_bytes()).hexdigest()}  {wheel}")


@release.command()
@_keys_option
@_wheel_option
@click.option("--lock", required=True, type=FILE, help="requirements.lock of the same commit.")
@click.option("--log", "log_folder", required=True, type=FOLDER, help="The log's folder, which is published.")
@click.option("--out", "folder", required=True, type=FOLDER, help="Where the release goes: offer.json and the wheel.")
def sign(keys: Path, wheel: Path, lock: Path, log_folder: Path, folder: Path) -> None:
    """Sign a wheel as a release, after showing what is signed, and write it into the log."""
    with plain_errors():
        data = wheel.read_bytes()
        found = Release(
            version=read_wheel_version(wheel),
            released=datetime.now(UTC).date(),
            wheel=hashlib.sha256(data).hexdigest(),
            wheel_bytes=len(data),
            packages=hashlib.sha256(lock.read_bytes()).hexdigest(),
            store=SCHEMA_VERSION,
        )
        note = sign_release(found, load_audit_key(keys / _RELEASE_KEY))
        text = note.rpartition("\n\n")[0] + "\n"
        click.echo(text)
        proof = ReleaseLog(log_folder, load_audit_key(keys / _LOG_KEY)).append(text)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "offer.json").write_bytes(encode_offer(SignedRelease(note, proof.to_text())))
        shutil.copyfile(wheel, folder / f"{found.wheel}.whl")


@release.command()
@click.option("--offer", required=True, type=FILE, help="offer.json of the release.")
@_wheel_option
@click.option("--release-key", required=True, help="The releaser's public key, as it was read out to you.")
@click.option("--log-key", "log_keys", required=True, multiple=True, help="A public key of the log: give both.")
@_witnesses_option
def verify(
    offer: Path, wheel: Path, release_key: str, log_keys: tuple[str, ...], witness_keys: tuple[str, ...]
) -> None:
    """Check a release as a terminal does: signature, log, witnesses, wheel."""
    with plain_errors():
        signed = _read_offer(offer)
        signer, log = NoteVerifier.from_text(release_key), LogVerifier.from_texts(log_keys)
        witnesses = list(map(WitnessKey.from_text, witness_keys))
        verify_wheel(verify_release(signed, signer, log, witnesses), wheel.read_bytes())
        click.echo(open_note(signed.note, signer), nl=False)
        click.echo("Signed, in the log, and this is its wheel.")


@release.command()
@click.option("--offer", required=True, type=FILE, help="offer.json of the release; the cosignatures go into it.")
@click.option("--checkpoint", required=True, type=FILE, help="The log's checkpoint with the witnesses' lines below.")
@click.option("--witness-key", "witness_keys", required=True, multiple=True, help="The public key of a witness.")
def cosign(offer: Path, checkpoint: Path, witness_keys: tuple[str, ...]) -> None:
    """Put what witnesses say of the log into a release, for counters that ask for it."""
    with plain_errors():
        witnesses = list(map(WitnessKey.from_text, witness_keys))
        offer.write_bytes(encode_offer(add_cosignatures(_read_offer(offer), checkpoint.read_text(), witnesses)))
        click.echo(f"Cosigned by {', '.join(each.name for each in witnesses)}.")


def _read_offer(offer: Path) -> SignedRelease:
    signed = decode_offer(offer.read_bytes())
    if signed is None:
        raise click.ClickException("The file holds no release.")
    return signed


def build_wheel(source: Path, folder: Path) -> Path:
    """Build the wheel of a source tree with the locked backend. Return its path. Raises: OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.iterdir())
    # The backend stamps every file alike; the environment must not tell it another time.
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder.resolve())]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    made = sorted(path for path in folder.glob("*.whl"))
    if done.returncode or not made:
        raise click.ClickException(f"The wheel could not be built: {done.stderr.strip()[-400:]}")
    fresh = [path for path in made if path not in before] or made
    return fresh[-1]


def read_wheel_version(wheel: Path) -> str:
    """Return the version that a wheel's metadata names. Raises: ClickException."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            found = _VERSION_LINE.search(archive.read(name).decode())
    except (zipfile.BadZipFile, StopIteration, UnicodeDecodeError):
        found = None
    if found is None:
        raise click.ClickException("This is no wheel.")
    return found[1]
