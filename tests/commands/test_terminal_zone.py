"""The counter's clock is the venue's, wherever its machine was set up."""

import subprocess
import sys

import pytest

_ASK = """
import sys
from datetime import UTC, datetime
from terminal.clock import live_in_zone
from terminal.settings import parse_zone
live_in_zone(parse_zone(sys.argv[1]))
print(datetime(2026, 11, 22, 20, 48, tzinfo=UTC).astimezone().strftime("%m-%d %H:%M"))
"""


@pytest.mark.parametrize(
    ("zone", "local"),
    [("Asia/Shanghai", "11-23 04:48"), ("+08:00", "11-23 04:48"), ("-03:30", "11-22 17:18"), ("", "11-22 20:48")],
)
def test_day_and_hour_are_both_the_venues(zone: str, local: str) -> None:
    command = [sys.executable, "-c", _ASK, zone]
    found = subprocess.run(command, capture_output=True, text=True, check=True, env={"TZ": "UTC"})
    assert found.stdout.strip() == local
