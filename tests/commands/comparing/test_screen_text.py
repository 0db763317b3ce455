"""Text on 80 columns, where a Chinese character takes two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from commands.comparing.screen_text import draw_fields, draw_table, measure, pad, wrap

TEXTS = st.text(st.sampled_from("ab 法院，。（x"), max_size=200)


def test_a_chinese_character_takes_two_columns_and_an_accent_none() -> None:
    assert [measure(text) for text in ("", "ab", "法院", "A\u0301", "（a）")] == [0, 2, 4, 1, 5]


@given(text=TEXTS)
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(text: str) -> None:
    lines = wrap(text, 20)
    assert all(measure(line) <= 20 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(text=TEXTS)
def test_a_cell_is_as_wide_as_its_column(text: str) -> None:
    assert measure(pad(text, 12)) == 12


def test_tables_and_fields_are_laid_out() -> None:
    assert list(draw_table(("文号", "b"), [("1", "很长的内容在这里")], (6, 8))) == [
        "文号    b", "------  --------", "1       很长的…",
    ]  # fmt: skip
    assert list(draw_fields([("姓名", "a b")], 8)) == ["姓名    a b"]
