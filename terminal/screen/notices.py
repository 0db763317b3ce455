"""The words of a notice by central: all of them are the screen's own."""

from __future__ import annotations

from datetime import UTC

from terminal.screen.texts import Words
from terminal.state import ShownNotice


def say_notice(words: Words, notice: ShownNotice) -> str:
    """Return what a notice says, in one sentence."""
    kind = f"{notice.kind}_record" if notice.is_of_record else notice.kind
    text = words.name("notice_says", kind)
    if notice.moment is None:
        return text.replace("{field}", words.name("notice_field", notice.field))
    day = words.full_date(notice.moment.astimezone(UTC).date())  # a whole day, not a moment on one
    begin, takes = words.moment(notice.moment), words.age(notice.minutes * 60)
    return text.replace("{day}", day).replace("{begin}", begin).replace("{takes}", takes)
