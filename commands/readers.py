"""`kjt readers`: what is there, does it work, and simulated ones to try with."""

from __future__ import annotations

import dataclasses
import json
import sys

import click

from commands.chips import import_master_list, read
from commands.find_readers import list_readers, module, watch
from commands.simulate_readers import simulate
from drivers.errors import MrzCheckFailed, MrzUnreadable
from drivers.mrz_document import choose_kind
from drivers.proto.mrz_stream import MAX_TEXT, find_mrz


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


for command in (list_readers, watch, read, module, import_master_list, simulate):
    readers.add_command(command)
