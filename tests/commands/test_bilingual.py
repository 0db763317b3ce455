"""The help of what court, screening office, oversight and auditors use is in Chinese and in English."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import resources

import click
import pytest
from click.testing import CliRunner

from commands.__main__ import main
from commands.bilingual import is_chinese
from commands.comparing.screen_text import measure

GROUPS = ("court", "oversight", "desk", "station", "audit", "review", "screening", "witness", "office")


def list_commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from list_commands(each, f"{path} {name}")


@pytest.fixture(scope="module")
def found() -> dict[str, click.Command]:
    context = click.Context(main)
    loaded = {name: main.get_command(context, name) for name in (*GROUPS, "central")}
    return {path: one for name, each in loaded.items() if each for path, one in list_commands(each, name)}


def test_every_command_and_option_is_explained_in_both_languages(found: dict[str, click.Command]) -> None:
    said = [("central hand-over", found["central hand-over"])]
    said += [(path, each) for path, each in found.items() if path.split()[0] in GROUPS]
    assert len(said) > 60
    texts = [(path, text) for path, each in said for text in (each.help, each.get_short_help_str(200))]
    texts += [
        (f"{path} {each.name}", each.help)
        for path, command in said
        for each in command.params
        if isinstance(each, click.Option) and (each.help or each.required)
    ]
    lacking = [
        (path, text) for path, text in texts
        if text and not (is_chinese(text) and any(each.isascii() and each.isalpha() for each in text))
    ]  # fmt: skip
    assert not lacking


def test_no_chinese_is_kept_for_a_text_that_is_no_more(found: dict[str, click.Command]) -> None:
    said = [each.help or "" for each in found.values()]
    said += [one.help or "" for each in found.values() for one in each.params if isinstance(one, click.Option)]
    everything = "\n".join(" ".join(each.split()) for each in said)
    for package in ("commands", "commands.comparing"):
        kept = tomllib.loads((resources.files(package) / "help.toml").read_text("utf-8"))
        assert not [english for english in kept if english not in everything]


def test_help_keeps_to_the_width_of_a_terminal_where_chinese_is_twice_as_wide() -> None:
    for words in (["court", "decisions"], ["court", "decisions", "import"], ["audit", "verify"], ["desk", "permit"]):
        shown = CliRunner().invoke(main, [*words, "--help"])
        assert shown.exit_code == 0, shown.output
        assert "用法 Usage" in shown.output
        assert max(measure(line) for line in shown.output.splitlines()) <= 80
