"""What court, offices, oversight and auditors read when a command refuses: a Chinese sentence and an English one."""

from __future__ import annotations

import importlib
import tomllib
from importlib import resources

import click
import pytest

from commands.bilingual import is_chinese
from commands.plain import plain_errors, say_error
from oversight.comparing.errors import DeskSilent
from oversight.errors import KeyMissing, KeysExist
from oversight.redress.errors import NotReadable
from records.errors import MalformedBytes
from screening.errors import KeysRefused
from service.audit import AuditKeyMissing
from service.settings import SettingsError
from station.errors import NobodyThere
from tests.test_layering import is_second

# All errors of these modules have a Chinese sentence.
MODULES = (
    "records.errors", "records.comparing.errors", "oversight.errors", "oversight.court", "oversight.own_log",
    "oversight.comparing.errors", "screening.errors", "station.errors", "station.channels.notice",
    "service.audit.errors", "service.accounts.errors", "service.settings",
)  # fmt: skip
REFUSALS = (
    KeyMissing("2026-07"),
    DeskSilent(),
    MalformedBytes("day"),
    KeysRefused(),
    AuditKeyMissing(),
    SettingsError("port"),
)


def load_table(package: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((resources.files(package) / "errors.toml").read_text("utf-8"))


def list_errors(module: str) -> set[str]:
    """Return the names of the exceptions that a module defines."""
    return {
        name for name, each in vars(importlib.import_module(module)).items()
        if isinstance(each, type) and issubclass(each, Exception) and each.__module__ == module
    }  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_every_error_has_a_chinese_sentence_and_none_is_kept_for_an_error_that_is_no_more(module: str) -> None:
    sentences = load_table("commands.comparing" if is_second(module) else "commands")[module]
    assert set(sentences) == list_errors(module) != set()
    assert [name for name, each in sentences.items() if not is_chinese(each)] == []


def test_no_sentence_is_kept_for_another_module_or_twice() -> None:
    registration, comparison = load_table("commands"), load_table("commands.comparing")
    assert {*registration, *comparison} == {*MODULES, "builtins"}
    assert not set(registration) & set(comparison)
    kinds = [getattr(importlib.import_module("builtins"), name) for name in registration["builtins"]]
    assert all(issubclass(each, OSError) for each in kinds)


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_refusal_is_said_in_chinese_and_then_in_english(error: Exception) -> None:
    with pytest.raises(click.ClickException) as refused, plain_errors():
        raise error
    chinese, english = refused.value.message.split("\n")
    assert (is_chinese(chinese), english, refused.value.exit_code) == (True, str(error), 1)


def test_both_sentences_name_the_file_and_errors_of_one_name_are_told_apart() -> None:
    chinese, english = say_error(KeysExist("order-key")).split("\n")
    assert (chinese[-11:], english[-11:]) == ("(order-key)",) * 2
    assert say_error(KeysRefused()) != say_error(importlib.import_module("station.errors").KeysRefused())
    assert say_error(NobodyThere("mori")).startswith("本所")


def test_missing_file_is_said_in_both_languages_and_an_error_without_chinese_in_english() -> None:
    with (
        pytest.raises(click.ClickException, match="没有此文件或文件夹。\nNo such file or directory: nowhere"),
        plain_errors(),
    ):
        raise FileNotFoundError(2, "No such file or directory", "nowhere")
    assert say_error(NotReadable()) == NotReadable.__doc__
