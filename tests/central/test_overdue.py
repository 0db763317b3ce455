"""Nothing overdue opens, backups included; and where something does, it is told."""

import shutil
from pathlib import Path

import pytest

from central.backup import write_backup
from central.retention.overdue import OverdueReport, find_overdue
from tests.central.town import Town, make_envelope
from tests.commands.installation import fail_kjt, run_kjt


def look(town: Town, *backups: Path) -> OverdueReport:
    return find_overdue(town.settings, town.parts.audit, list(backups), town.now)


def fill(town: Town) -> Path:
    """Keep three records, and make a backup of them."""
    for sequence in range(1, 4):
        town.deliver(make_envelope(sequence))
    backup = town.settings_path.parent / "early.tar"
    write_backup(town.settings, town.settings_path, backup, town.now)
    return backup


def test_record_that_is_not_due_is_not_tried(sqlite_town: Town) -> None:
    backup = fill(sqlite_town)
    found = look(sqlite_town, backup)
    assert [(each.overdue, each.opened) for each in found.places] == [(0, 0), (0, 0)]
    assert found.is_clean


def test_overdue_records_of_a_backup_do_not_open_any_more(sqlite_town: Town) -> None:
    town, backup = sqlite_town, fill(sqlite_town)
    town.pass_days(town.parts.profile.retention_days + 1)
    town.keep()
    found = look(town, backup)
    assert [(each.name, each.overdue, each.opened) for each in found.places] == [
        ("database", 0, 0),
        ("early.tar", 3, 0),
    ]
    assert found.is_clean
    assert town.list_acts()[-1] == (
        "command line", "look for what is overdue", "2 places, 3 overdue, 0 opened, 0 keys left",
    )  # fmt: skip


def test_keeper_that_stands_still_is_found_out(town: Town) -> None:
    for sequence in range(1, 4):
        town.deliver(make_envelope(sequence))
    town.pass_days(town.parts.profile.retention_days + 1)
    found = look(town)
    assert [(each.overdue, each.opened) for each in found.places] == [(3, 3)]
    assert len(found.keys) == 1
    assert not found.is_clean


def test_key_that_survived_in_a_second_copy_is_found_out(sqlite_town: Town) -> None:
    town, backup = sqlite_town, fill(sqlite_town)
    second = town.settings_path.parent / "second.keys"
    shutil.copy(town.settings.period_keys, second)
    town.pass_days(town.parts.profile.retention_days + 1)
    town.keep()
    settings = type(town.settings)(**{
        **{name: getattr(town.settings, name) for name in town.settings.__struct_fields__}, "second_copy": second,
    })  # fmt: skip
    found = find_overdue(settings, town.parts.audit, [backup], town.now)
    assert found.places[1].opened == 3
    assert not found.is_clean


@pytest.mark.parametrize("has_backup", [False, True])
def test_command_says_so(sqlite_town: Town, has_backup: bool) -> None:
    town = sqlite_town
    backup = fill(town)
    chosen = ("--backup", backup) if has_backup else ()
    # By this machine's clock, which is far beyond the test's: the keeper has not passed since.
    said = fail_kjt("admin", "overdue", "--settings", town.settings_path, *chosen)
    assert "Something overdue can still be opened" in said
    town.now = town.now.replace(year=2030)
    town.keep()
    assert "0 can be opened" in run_kjt("admin", "overdue", "--settings", town.settings_path, *chosen)
