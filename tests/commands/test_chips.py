"""`kjt readers read`: one document from any reader, as a person or a program wants to see it."""

import json
import signal
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from commands.readers import readers
from drivers.sim.emrtd_specimens import ACCESS_NUMBER, CHIP_SPECIMENS


def read(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(readers, ["read", *arguments], input=typed)


def test_chip_is_read_as_json_with_its_verdict_and_what_it_cost() -> None:
    key = CHIP_SPECIMENS["chip-aes-128"].text
    done = read("--reader", "sim:emrtd:chip-aes-128", "--key", key, "--photo", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["chip"], told["proof"], told["how_read"]) == (0, "verified", "vouched", "chip")
    assert (told["number"], told["names"], told["access"]) == ("U00000011", ["LINDGREN KARL JOHAN"], "PACE AES-128")
    assert (told["commands"], told["photo_bytes"] > 1000) == (10, True)
    assert told["received_bytes"] > 10_000


def test_access_number_and_parts_of_the_lines_open_a_chip_too() -> None:
    by_number = json.loads(
        read("--reader", "sim:emrtd:chip-card", "--key", ACCESS_NUMBER, "--details", "--json").stdout
    )
    assert by_number["address"] == "ROAD 1, VILLAGE, UTOPIA"
    by_parts = json.loads(read("--reader", "sim:emrtd:chip-card", "--key", "D00000017,880229,391231", "--json").stdout)
    assert (by_parts["number"], by_parts["address"]) == (by_number["number"], "")


def test_key_that_was_not_given_is_asked_for() -> None:
    done = read("--reader", "sim:emrtd:chip-card", typed=f"{ACCESS_NUMBER}\n")
    assert done.exit_code == 0
    assert "chip             verified" in done.stdout


@pytest.mark.parametrize(
    ("url", "key", "words"),
    [
        ("sim:emrtd:chip-card", "654321", "access_denied"),
        ("sim:emrtd:chip-card", "hello", "key_unusable"),
        ("sim:emrtd:chip-bac", ACCESS_NUMBER, "lines_needed"),
        ("sim:emrtd:nothing", ACCESS_NUMBER, "not the address of a reader"),
    ],
)
def test_what_goes_wrong_is_said_in_words(url: str, key: str, words: str) -> None:
    done = read("--reader", url, "--key", key)
    assert done.exit_code == 1
    assert words in done.stderr
    assert key not in done.stderr


def test_virtual_chip_answers_the_daemon_that_listens_for_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as vpcd:
        vpcd.settimeout(30)
        port = str(vpcd.getsockname()[1])
        command = [sys.executable, "-m", "commands", "readers", "simulate", "chip", "chip-bac", "--port", port]
        with subprocess.Popen(command) as process:
            connection, _ = vpcd.accept()
            with connection:
                connection.settimeout(30)
                connection.sendall(b"\x00\x01\x04")  # what is its answer to reset?
                assert connection.recv(2, socket.MSG_WAITALL) == b"\x00\x05"
                assert connection.recv(5, socket.MSG_WAITALL)[0] == 0x3B
                process.send_signal(signal.SIGTERM)
                assert process.wait(30) == 0
