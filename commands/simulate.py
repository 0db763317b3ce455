"""`kjt simulate`: a whole town of terminals, for trials and benches of a demonstration's central."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from central.settings import CentralSettings
from central.store import StoreError
from commands.load.contents import MOST_SEALED, SEALING_S
from commands.load.figures import draw_figures
from commands.load.plan import (
    MOST_RATE,
    MOST_SECONDS,
    MOST_TERMINALS,
    LoadPlan,
    LoadTarget,
    draw_arrivals,
    read_target,
)
from commands.load.senders import count_figures, prepare_load
from commands.plain import plain_errors
from commands.ports import PortTaken
from commands.supervisor import NotStarted, Supervisor
from commands.town import prepare_town
from commands.town_folder import FolderRefused, claim_folder
from service.settings import load_settings

_SHARE = click.FloatRange(0.0, 1.0)


@click.group()
def simulate() -> None:
    """Simulated terminals that speak the real protocol to a demonstration on this machine."""


@simulate.command()
@click.option("--data", type=click.Path(path_type=Path), help="Data folder of a running demonstration.")
@click.option("--settings", type=click.Path(path_type=Path), help="Settings of a running demonstration's central.")
@click.option("--terminals", type=click.IntRange(1, MOST_TERMINALS), default=20, show_default=True)
@click.option("--rate", type=click.FloatRange(0.0, MOST_RATE), default=2.0, show_default=True, help="Records a second.")
@click.option("--seconds", type=click.FloatRange(1.0, MOST_SECONDS), default=30.0, show_default=True)
@click.option("--forged", is_flag=True, help="Send random bytes of the right length instead of sealed records.")
@click.option("--replays", type=_SHARE, default=0.0, help="Share of records sent again after their receipt.")
@click.option("--reconnects", type=_SHARE, default=0.0, help="Share of records before which the line is cut.")
@click.option("--no-heartbeats", is_flag=True, help="Send records only.")
@click.option("--senders", type=click.IntRange(1, 64), default=8, show_default=True, help="Connections for records.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed sends at the same moments.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON line.")
def town(
    data: Path | None, settings: Path | None, forged: bool, no_heartbeats: bool, as_json: bool, **figures: float
) -> None:
    """Be a town of terminals for some seconds, and say what became of every record.

    Records arrive at random moments (a Poisson process) at random terminals; every terminal sends a heartbeat
    each minute. Without --data or --settings a central of its own is started and thrown away afterwards.

    Records are sealed ahead, about half a second of a core each. With --forged they are random bytes of the same
    length under true headers and signatures. Central opens nothing, so it cannot tell them from sealed ones; neither
    can it tell what a hostile terminal sends. No guest could open them, and they measure central, not sealing.

    Sends to a demonstration on this machine only. Exit status 1 when anything was lost or double.
    """
    plan = LoadPlan(forged=forged, heartbeats=not no_heartbeats, **figures)  # type: ignore[arg-type]
    _say_cost(plan)
    with _explain_errors(), _find_target(data, settings) as target:
        run = prepare_load(target, plan)
        click.echo(f"kjt: sending for {plan.seconds:.0f} s", err=True)
        try:
            run.send_all()
        except KeyboardInterrupt:
            click.echo("kjt: ended early", err=True)
        found = count_figures(run)
    for line in [json.dumps(asdict(found))] if as_json else draw_figures(found):
        click.echo(line)
    if not found.is_sound:
        raise SystemExit(1)


def _say_cost(plan: LoadPlan) -> None:
    if plan.forged:
        return
    records = len(draw_arrivals(plan))
    if records > MOST_SEALED:
        raise click.UsageError(f"{records} records are too many to seal (at most {MOST_SEALED}); use --forged")
    seconds = math.ceil(records * SEALING_S / (os.cpu_count() or 1))
    click.echo(f"kjt: sealing {records} records first, about {seconds} s", err=True)


@contextmanager
def _find_target(data: Path | None, settings: Path | None) -> Iterator[LoadTarget]:
    if data and settings:
        raise click.UsageError("--data and --settings exclude each other")
    path = settings or (data and data / "central.toml")
    if path:
        yield read_target(load_settings(path, CentralSettings, "central"))
        return
    with tempfile.TemporaryDirectory(prefix="kjt-") as folder, start_central(Path(folder) / "town") as target:
        yield target


@contextmanager
def start_central(folder: Path) -> Iterator[LoadTarget]:
    """Run keeper and ingest of a new demonstration town until the block ends.

    Raises: NotStarted, FolderRefused, PortTaken.
    """
    with claim_folder(folder, fresh=False):
        made = prepare_town(folder, now=datetime.now(UTC))
        supervisor = Supervisor(made.logs)
        try:
            for job in made.list_jobs()[0]:
                if job.name in ("keeper", "ingest"):
                    supervisor.start(job)
                    supervisor.wait_ready(job)
            yield read_target(load_settings(folder / "central.toml", CentralSettings))
        finally:
            supervisor.stop()


@contextmanager
def _explain_errors() -> Iterator[None]:
    try:
        with plain_errors():
            yield
    except StoreError as error:
        raise click.ClickException(f"The database cannot be used ({type(error).__name__}).") from None
    except (FolderRefused, PortTaken) as error:
        raise click.ClickException(str(error)) from None
    except NotStarted as error:
        raise click.ClickException(f"{NotStarted.__doc__}\n{error}") from None
