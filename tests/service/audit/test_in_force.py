"""Which settings a service begins with stands in its log, once for each change."""

from pathlib import Path

import msgspec

from service.audit.in_force import digest_settings
from tests.service.audit.small_log import open_small_log


class Settings(msgspec.Struct, frozen=True):
    data: Path
    port: int = 1
    database: str = "postgresql://kjt:secret@localhost/kjt"


def test_change_of_settings_is_written_down_once_at_the_start_that_has_it(tmp_path: Path) -> None:
    small = open_small_log(tmp_path / "log.db")
    for digest in ("a", "a", "b", "b", "a"):
        small.log.note_settings("keeper", digest)
    found = [each.subject for each in small.log.read("anna", 0, 100) if each.act == "begin with settings"]
    assert found == ["a", "b", "a"]
    small.store.close()


def test_digest_is_of_every_value_and_of_what_is_in_the_files_but_not_of_a_password(tmp_path: Path) -> None:
    stations, settings = tmp_path / "stations.toml", Settings(tmp_path)
    stations.write_text("supervising = 'district'\n")
    digest = digest_settings(settings, stations, None)
    assert digest == digest_settings(settings, stations, None)
    assert digest == digest_settings(msgspec.structs.replace(settings, database="postgresql://other"), stations, None)
    assert digest != digest_settings(msgspec.structs.replace(settings, port=2), stations, None)
    assert digest != digest_settings(settings, None, stations)
    stations.write_text("supervising = 'other'\n")
    assert digest != digest_settings(settings, stations, None)
