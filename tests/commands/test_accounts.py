"""`kjt central accounts`: what a person at the machine can do, and what is said and logged of it."""

import re
from pathlib import Path

import pytest

from central.audit import open_audit
from central.parts import read_clock
from central.settings import CentralSettings
from central.store import open_store
from service.settings import load_settings
from tests.commands.installation import Installation, fail_kjt, run_kjt

PASSWORD = re.compile(r"^    ([a-z2-9]{5}(?:-[a-z2-9]{5}){3})$", re.MULTILINE)


@pytest.fixture
def settings(installation: Installation) -> Path:
    return installation.settings


def find_password(said: str) -> str:
    found = PASSWORD.search(said)
    assert found
    return found[1]


def test_account_from_its_making_to_its_end(settings: Path) -> None:
    common = ("central", "accounts")
    roles = ("--role", "auditor", "--role", "terminal administrator")
    first = find_password(run_kjt(*common, "add", "anna", *roles, "--settings", settings))
    assert re.search(r"anna .*not yet signed in  auditor, terminal administrator", list_all(settings))
    second = find_password(run_kjt(*common, "reset", "anna", "--settings", settings))
    assert first != second
    run_kjt(*common, "disable", "anna", "--settings", settings)
    assert "disabled" in list_all(settings)
    run_kjt(*common, "enable", "anna", "--settings", settings)
    assert "disabled" not in list_all(settings)
    loaded = load_settings(settings, CentralSettings, "central")
    assert loaded.account_key.stat().st_mode & 0o777 == 0o600
    store = open_store(loaded.database)
    log = open_audit(store, read_clock)
    entries = [(entry.actor, entry.act, entry.subject) for entry in log.read("test", 0, log.count())]
    store.close()
    acts = ["account added", "account reset", "account disabled", "account enabled"]
    assert [entry for entry in entries if entry[1] in acts] == [("command line", act, "anna") for act in acts]


def list_all(settings: Path) -> str:
    return run_kjt("central", "accounts", "list", "--settings", settings)


def test_refusals_are_sentences(settings: Path) -> None:
    common = ("central", "accounts")
    role = ("--role", "auditor", "--settings", settings)
    run_kjt(*common, "add", "anna", *role)
    assert "There is an account of this name already" in fail_kjt(*common, "add", "anna", *role)
    assert "small letters" in fail_kjt(*common, "add", "Anna B", *role)
    assert "There is no account of this name" in fail_kjt(*common, "disable", "bo", "--settings", settings)
    key = load_settings(settings, CentralSettings, "central").account_key
    key.chmod(0o644)
    assert "readable by its owner alone" in fail_kjt(*common, "list", "--settings", settings)
