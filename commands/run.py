"""`kjt run`: the demonstration, all of it on this machine."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from central.store import StoreError
from commands.beside import Beside, prepare_beside
from commands.ports import PortTaken
from commands.standalone_town import StandaloneTown, prepare_standalone
from commands.supervisor import Job, NotStarted, Supervisor
from commands.town import Town, add_log_ins, prepare_town
from commands.town_folder import DEFAULT_FOLDER, MAX_COUNTERS, FolderRefused, claim_folder
from commands.town_log_ins import LogIn
from oversight.errors import KeysRefused
from records.errors import RecordsError
from records.profile import load_profile


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Data folder; made if it is not there. Default: ./data")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line on stdout once everything answers.")
@click.option("--fresh", is_flag=True, help="Throw the demonstration's data away first (a folder it made itself).")
@click.option("--counters", type=click.IntRange(1, MAX_COUNTERS), default=1, show_default=True, help="How many houses.")
@click.option("--chips", is_flag=True, help="Readers of passport chips at the counters, in place of resident cards.")
@click.option("--fresh-counter", is_flag=True, help="One more counter, which its owner sets up with a one-time code.")
@click.option("--registration-only", is_flag=True, help="Without comparison, although it is installed.")
@click.option("--profile", default="", help="A counter alone, beside the simulated service of this profile (it, …).")
def run(
    data: Path | None, as_json: bool, fresh: bool, counters: int, chips: bool, fresh_counter: bool,
    registration_only: bool, profile: str,
) -> None:  # fmt: skip
    """Run the demonstration: a fictional town, its counter, and the services behind it. Ctrl-C ends it."""
    # A counter alone is no town: it has a folder of its own, so that one never takes the other's data.
    folder = (data or DEFAULT_FOLDER.with_name(f"data-{profile}" if profile.isalnum() else "data")).resolve()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())

    try:
        with claim_folder(folder, fresh=fresh):
            if profile:
                _run_alone(folder, stopping, profile, as_json=as_json)
            else:
                town = _prepare(folder, counters=counters, chips=chips, fresh_counter=fresh_counter)
                beside = () if registration_only else prepare_beside(town, datetime.now(UTC))
                _run_town(town, beside, stopping, as_json=as_json)
    except (FolderRefused, PortTaken, KeysRefused, RecordsError) as error:
        raise click.ClickException(f"{folder}: {error}") from None
    except NotStarted as error:
        raise click.ClickException(f"{NotStarted.__doc__}\n{error}") from None
    except (OSError, StoreError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise click.ClickException(f"{folder}: {reason}. Is there room, and may this user write here?") from None


def _prepare(folder: Path, *, counters: int, chips: bool, fresh_counter: bool) -> Town:
    _say("preparing the town's keys and folders")
    now = datetime.now(UTC)
    return add_log_ins(prepare_town(folder, now=now, counters=counters, chips=chips, fresh_counter=fresh_counter), now)


def _run_town(town: Town, beside: tuple[Beside, ...], stopping: threading.Event, *, as_json: bool) -> None:
    supervisor = Supervisor(town.logs)
    services, counters = town.list_jobs()
    try:
        _start_together(supervisor, [*services, *(job for each in beside for job in each.services)], stopping)
        # Before the counters: who is registered while the day is not open is never compared.
        opened = []
        for each in beside:
            _say("opening the day")
            if not stopping.is_set() and each.open_day():
                opened.append(each)
        _start_together(supervisor, [*counters, *(job for each in beside for job in each.followers)], stopping)
        for each in opened:
            if not stopping.is_set():
                each.wait_open()
        if not stopping.is_set():
            _announce(town, beside, supervisor, as_json=as_json)
        supervisor.watch(stopping.is_set)
    finally:
        _say("stopping")
        supervisor.stop()


def _run_alone(folder: Path, stopping: threading.Event, profile: str, *, as_json: bool) -> None:
    if load_profile(profile).destination is None:
        raise click.ClickException(f"{profile}: this profile names no receiving service.")
    town = prepare_standalone(folder, profile)
    supervisor = Supervisor(town.logs)
    try:
        for group in town.list_jobs():
            _start_together(supervisor, group, stopping)
        if not stopping.is_set():
            _announce_alone(town, supervisor, as_json=as_json)
        supervisor.watch(stopping.is_set)
    finally:
        _say("stopping")
        supervisor.stop()


def _announce_alone(town: StandaloneTown, supervisor: Supervisor, *, as_json: bool) -> None:
    facts = town.describe()
    if as_json:
        facts["pids"] = {name: process.pid for name, process in supervisor.processes.items()}
        click.echo(json.dumps(facts))
        return
    click.echo(
        f"\n  快捷通 Kuaijietong · 演示 demonstration · 仅限样本证件 specimens only\n\n"
        f"  柜台 Counter screen       {facts['counter']}\n"
        f"  模拟系统 Simulated service {facts['service']}   (stands in for the real one, which is never reached)\n"
        f"  数据 Data                 {facts['data']}\n\n"
        f"  Scan a specimen's printed lines: the drawer on the counter screen.\n\n"
        f"  Ctrl-C ends it; the data stays for the next start.\n"
    )


def _start_together(supervisor: Supervisor, jobs: list[Job], stopping: threading.Event) -> None:
    """Start some processes at once, for each spends its start on imports, and wait until all of them answer."""
    for job in jobs:
        if not stopping.is_set():
            _say(f"starting {job.name}")
            supervisor.start(job)
    for job in jobs:
        if not stopping.is_set():
            supervisor.wait_ready(job)


def _announce(town: Town, beside: tuple[Beside, ...], supervisor: Supervisor, *, as_json: bool) -> None:
    facts = town.describe()
    if as_json:
        for each in beside:
            facts |= each.describe()
        facts["log_ins"] = [asdict(log_in) for log_in in _list_log_ins(town, beside)]
        facts["pids"] = {name: process.pid for name, process in supervisor.processes.items()}
        click.echo(json.dumps(facts))
        return
    others = "".join(f"  柜台 Counter {house.number}      {house.url}\n" for house in town.houses[1:])
    if town.fresh:
        others += f"  新柜台 Fresh counter  {town.fresh.url}   (set it up with a code from the console)\n"
    click.echo(
        f"\n  快捷通 Kuaijietong · 演示 demonstration · 仅限样本证件 specimens only\n\n"
        f"  柜台 Counter screen   {facts['counter']}\n{others}"
        f"  旅客页 Guest page     {facts['guest_page']}   (open it with the link on a slip)\n"
        f"  登记服务 Central      {facts['central']}\n"
        f"  控制台 Console        {facts['console']}\n{_draw_log_ins(town.log_ins, 'central console')}"
        f"  隐私专员 Privacy      {facts['office']}\n{_draw_log_ins(town.log_ins, 'privacy office')}"
        f"{''.join(each.announce() for each in beside)}"
        f"  数据 Data             {facts['data']}\n"
        f"  Guest page script     SHA-256 {facts['page_digest']}\n\n"
        f"  Put a specimen card on the reader: the drawer on the counter screen, or\n"
        f"    ./kjt readers simulate list\n"
        f"    ./kjt readers simulate put NAME\n"
        f"{''.join(each.advise() for each in beside)}\n"
        f"  Ctrl-C ends it; the data stays for the next start.\n"
    )


def _list_log_ins(town: Town, beside: tuple[Beside, ...]) -> list[LogIn]:
    return [*town.log_ins, *(log_in for each in beside for log_in in each.log_ins)]


def _draw_log_ins(log_ins: Iterable[LogIn], service: str) -> str:
    return "".join(each.draw() for each in log_ins if each.service == service)


def _say(text: str) -> None:
    click.echo(f"kjt: {text}", err=True)
