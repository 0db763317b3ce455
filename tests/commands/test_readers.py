"""`kjt readers parse-mrz`: what a scanner typed, as JSON, and nothing else."""

import json

import pytest
from click.testing import CliRunner

from commands.readers import readers
from drivers.sim.mrz_specimens import PRINTED_SPECIMENS


def parse(text: str) -> tuple[int, dict[str, object], str]:
    done = CliRunner().invoke(readers, ["parse-mrz"], input=text)
    return done.exit_code, json.loads(done.stdout), done.stderr


def test_printed_lines_become_json() -> None:
    code, found, errors = parse(PRINTED_SPECIMENS["eriksson"].text + "\r")
    assert (code, errors) == (0, "")
    assert (found["format"], found["kind"], found["number"], found["surname"]) == (
        "TD3",
        "414",
        "L898902C3",
        "ERIKSSON",
    )


def test_repair_is_told() -> None:
    assert parse(PRINTED_SPECIMENS["misread-letter"].text)[1]["repaired"] == ["number"]


@pytest.mark.parametrize(
    ("text", "error", "fields"),
    [
        (PRINTED_SPECIMENS["misread-digit"].text, "mrz_check_failed", ["number", "composite"]),
        ("P<UTOERIKSSON", "mrz_unreadable", ["lines"]),
        ("", "mrz_unreadable", ["lines"]),
    ],
)
def test_what_is_wrong_is_named_without_what_was_typed(text: str, error: str, fields: list[str]) -> None:
    code, found, errors = parse(text)
    assert (code, found, errors) == (1, {"error": error, "fields": fields}, "")
