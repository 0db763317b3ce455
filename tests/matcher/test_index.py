"""The table of tags: what is added is found, what is removed is gone, whatever the order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.index import TAG_BYTES, TagIndex

TAGS = st.lists(st.integers(0, 8).map(lambda n: bytes([n]) * TAG_BYTES), max_size=6)
STEPS = st.lists(st.tuples(st.booleans(), st.integers(1, 4), TAGS), max_size=20)


@given(STEPS, TAGS)
def test_index_finds_what_a_plain_list_finds(steps: list[tuple[bool, int, list[bytes]]], asked: list[bytes]) -> None:
    index, plain = TagIndex(), set[tuple[bytes, int]]()
    for is_added, entry, tags in steps:
        if is_added:
            index.add(entry, tags)
            plain |= {(tag, entry) for tag in tags}
        else:
            index.remove(entry, tags)
            plain -= {(tag, entry) for tag in tags}
    assert set(index.find(asked)) == {(tag, entry) for tag, entry in plain if tag in asked}
    assert len(index) == len({tag for tag, _ in plain})


def test_index_takes_no_tag_of_another_length() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        TagIndex().add(1, [b"short"])


def test_index_forgets_at_once() -> None:
    index = TagIndex()
    index.add(1, [bytes(TAG_BYTES)])
    index.clear()
    assert list(index.find([bytes(TAG_BYTES)])) == []
