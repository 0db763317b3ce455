"""The README in both languages says the same things: as many parts, the same commands, the same pictures and papers."""

import re

from tests.test_layering import ROOT

COMMANDS = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def list_commands(text: str) -> list[str]:
    lines = "".join(COMMANDS.findall(text)).splitlines()
    return sorted(line.partition("#")[0].strip() for line in lines)


def test_both_languages_have_the_same_parts_commands_and_steps() -> None:
    zh, en = read("README.zh-CN.md"), read("README.md")
    assert len(re.findall(r"^## ", zh, re.MULTILINE)) == len(re.findall(r"^## ", en, re.MULTILINE))
    assert list_commands(zh) == list_commands(en)
    steps = [re.findall(r"^\| (\d+(?:, \d+|、\d+)?) \|", each, re.MULTILINE) for each in (zh, en)]
    assert len(steps[0]) == len(steps[1]) == 15
    pictures = [re.findall(r"pictures/([\w-]+)\.\w+\.png", each) for each in (zh, en)]
    assert pictures[0] == pictures[1]
