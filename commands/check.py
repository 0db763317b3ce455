"""`kjt check`: says in plain words what of an installation is missing or unsafe, and what to do about it."""

from __future__ import annotations

import tomllib
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path

import click

from central.parts import read_clock
from central.settings import CentralSettings
from commands.findings import (
    CENTRAL_UNITS,
    PAGE_UNITS,
    Finding,
    Level,
    check_console,
    check_database,
    check_keys,
    check_machine,
    check_page,
    check_period_keys,
    check_place,
    check_profile,
    check_root,
    check_settings_file,
)
from commands.kept_findings import inspect_service
from commands.known_services import KnownService, find_service, list_services
from commands.machine import Machine, ThisMachine
from commands.office_kept import OFFICE
from oversight.page.settings import PageSettings
from service.settings import SettingsError, list_sections, load_settings

LANGUAGES = ("zh", "en")


@click.command()
@click.option(
    "--settings", "settings_path", required=True, type=click.Path(path_type=Path), help="The installation's settings."
)
@click.option("--service", default="", help="Look at this service, from a settings file of its own.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the report.")
def check(settings_path: Path, service: str, language: str) -> None:
    """Say what of an installation is missing or unsafe. Exit status 1 when something is. Changes nothing.

    Without --service it looks at central, guest page and privacy office, as far as the file has tables for them.
    """
    now, machine = read_clock(), ThisMachine()
    found = inspect_one(settings_path, find_service(service), now, machine) if service else None
    findings = inspect_installation(settings_path, now, machine) if found is None else found
    for each in findings:
        click.echo(describe_finding(each, language))
    wrong = sum(each.level is Level.WRONG for each in findings)
    code = "summary_wrong" if wrong else "summary_fine"
    click.echo(load_texts()[code][language].format(wrong=wrong, unknown=len(findings) - wrong))
    if wrong:
        raise SystemExit(1)


def inspect_installation(settings_path: Path, now: datetime, machine: Machine) -> list[Finding]:
    """Return what is missing or unsafe, in the order in which it is to be put right; `now` is aware."""
    try:
        sections = list_sections(settings_path)
        central = load_settings(settings_path, CentralSettings, "central") if "central" in sections else None
        page = load_settings(settings_path, PageSettings, "page") if "page" in sections else None
    except SettingsError as error:
        return [Finding("settings", {"error": error})]
    if not sections:
        return [Finding("settings_empty", {"path": settings_path})]
    found = [*check_settings_file(settings_path)]
    units: tuple[str, ...] = ()
    if central is not None:
        found += _inspect_central(central, now)
        units += CENTRAL_UNITS
    if page is not None:
        found += _inspect_page(page, now, is_alone=central is None)
        units += PAGE_UNITS
    folders = [central.data] if central is not None else []
    if OFFICE.name in sections:
        found += inspect_one(settings_path, OFFICE, now, None)
    return [*found, *check_machine(machine, folders, units)]


def inspect_one(path: Path, service: KnownService, now: datetime, machine: Machine | None) -> list[Finding]:
    """Return what is missing or unsafe at one service, and at its machine; `now` is aware."""
    try:
        found = [*inspect_service(service, path, now)]
        folders = [service.load(path).data]
    except SettingsError as error:
        return [Finding("settings", {"error": error})]
    return found if machine is None else [*found, *check_machine(machine, folders, ())]


def describe_finding(finding: Finding, language: str) -> str:
    """Return the line of a finding: what is so, and what to do."""
    texts = load_texts()
    values = {**finding.values}
    what, remedy = (texts[finding.code][f"{part}{language}"].format(**values) for part in ("", "do_"))
    return f"{texts[finding.level][language]}  {what} → {remedy}"


@cache
def load_texts() -> dict[str, dict[str, str]]:
    """Return the words of the report by code."""
    texts = tomllib.loads((resources.files("commands") / "check.toml").read_text(encoding="utf-8"))
    for service in list_services().values():
        texts |= service.texts()
    return texts


def _inspect_central(settings: CentralSettings, now: datetime) -> list[Finding]:
    found, root = check_root(settings, "central", now)
    profile = None
    if root is not None:
        about_profile, profile = check_profile(root)
        found += about_profile
    found += [
        *check_place(settings, "central"),
        *check_keys(settings, root),
        *check_database(settings),
        *check_console(settings),
    ]
    if profile is not None:
        found += check_period_keys(settings, profile, now)
    return found


def _inspect_page(settings: PageSettings, now: datetime, *, is_alone: bool) -> list[Finding]:
    found, root = check_root(settings, "page", now)
    if root is not None:
        found += check_profile(root)[0]
    if not is_alone:
        # What both tables say of the same file is told once.
        found = [each for each in found if each.code in ("root_missing", "root_refused")]
    return [*found, *check_place(settings, "page"), *check_page(settings)]
