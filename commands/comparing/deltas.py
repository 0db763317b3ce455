"""`kjt oversight delta`: what changed since a list that the office has. A demonstration, for specimens."""

from __future__ import annotations

from pathlib import Path

import click

from commands.comparing.annex_option import load_annex_files, plain_refusals, with_annex
from commands.plain import FOLDER
from oversight.comparing.delta_files import write_delta
from oversight.comparing.keys import KeyFile, load_signing_key

_EXISTING = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@with_annex
@click.option("--offline", type=FOLDER, required=True, help="Folder of the list key.")
@click.option("--before", type=_EXISTING, required=True, help="Folder of the list that the office has activated.")
@click.option("--after", type=_EXISTING, required=True, help="Folder of the new list.")
@click.option("--out", type=FOLDER, required=True, help="Folder for the delta; it goes to the office.")
def delta(annex_files: tuple[Path, Path, str], offline: Path, before: Path, after: Path, out: Path) -> None:
    """Write what a new list adds and takes out. It fits the list of --before and no other. 制作增量。"""
    with plain_refusals():
        loaded, signer = load_annex_files(*annex_files), load_signing_key(offline, KeyFile.LIST)
        made = write_delta(before, after, out, loaded, signer)
    click.echo(f"增量 Delta {made.base} → {made.number}: +{made.added} −{made.removed}")
