"""What happens to a stay after check-in, in a real browser and in both languages, by touch alone."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from terminal.screen.texts import Words
from terminal.state import Delivery, QueueState
from tests.browser.test_screen import counter, keep_picture, origin, quick_settling, screen, settle, touch, words
from tests.terminal.screen.small_counter import TODAY, SmallCounter, make_guest

# Fixtures, shared with the screen's other tests.
__all__ = ["counter", "origin", "quick_settling", "screen", "words"]


@pytest.fixture
def stay(counter: SmallCounter) -> str:
    """Somebody in room 201, and strangers in 202."""
    counter.lodge("202", 3)
    return counter.lodge("201", 1, can_undo=False)


def open_window(screen: Page, stay: str, *choices: str) -> None:
    """Open the window of a guest's row and touch one choice after the other."""
    touch(screen, "#nav-house")
    touch(screen, f"#open-{stay}")
    for choice in choices:
        touch(screen, choice)
    settle(screen)


def find(counter: SmallCounter, stay: str) -> object:
    return next(guest for guest in counter.state().house if guest.stay == stay)


def test_refused_registration_is_sent_again_from_its_row(
    screen: Page, counter: SmallCounter, stay: str, words: Words, tmp_path: Path
) -> None:
    counter.settle(stay, delivery=Delivery.REFUSED, refusal="bad_signature")
    touch(screen, "#nav-house")
    settle(screen)
    keep_picture(screen, tmp_path, "refused")
    touch(screen, f"#again-{stay}")
    expect(screen.locator(f"#again-{stay}")).to_have_count(0)
    assert {each.delivery for each in counter.state().house} == {Delivery.SAVED}


def test_row_opens_a_window_of_plain_choices(screen: Page, stay: str, words: Words, tmp_path: Path) -> None:
    open_window(screen, stay)
    dialog = screen.get_by_role("dialog")
    for key in ("move", "extend", "slip", "leave", "correct", "cancel"):
        expect(dialog).to_contain_text(words(f"stay.{key}_text"))
    keep_picture(screen, tmp_path, "stay")
    screen.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(screen.locator(f"#open-{stay}")).to_be_focused()


def test_guest_moves_to_a_free_room_by_one_touch(
    screen: Page, counter: SmallCounter, stay: str, words: Words, tmp_path: Path
) -> None:
    open_window(screen, stay, "#choose-move")
    expect(screen.locator("#to-room-4")).to_be_disabled()
    keep_picture(screen, tmp_path, "move")
    touch(screen, "#to-room-1")
    expect(screen.get_by_role("dialog")).to_have_count(0)
    assert find(counter, stay).room == "101"  # type: ignore[attr-defined]


def test_guest_moves_in_with_strangers_only_after_a_question(
    screen: Page, counter: SmallCounter, stay: str, words: Words, tmp_path: Path
) -> None:
    open_window(screen, stay, "#choose-move", "#to-room-5")
    dialog = screen.get_by_role("dialog")
    expect(dialog).to_contain_text(words("room.join_title", room="202"))
    keep_picture(screen, tmp_path, "join")
    touch(screen, "#window-back")
    expect(screen.locator("#to-room-5")).to_be_visible()
    assert find(counter, stay).room == "201"  # type: ignore[attr-defined]
    touch(screen, "#to-room-5")
    touch(screen, "#join-yes")
    expect(dialog).to_have_count(0)
    assert find(counter, stay).room == "202"  # type: ignore[attr-defined]


def test_guest_stays_longer(screen: Page, counter: SmallCounter, stay: str, words: Words, tmp_path: Path) -> None:
    open_window(screen, stay, "#choose-extend")
    expect(screen.locator("#fewer")).to_be_disabled()
    touch(screen, "#more")
    expect(screen.locator("dialog output")).to_have_text(
        words("room.leaves", day=words.short_date(TODAY + timedelta(days=3)))
    )
    keep_picture(screen, tmp_path, "extend")
    touch(screen, "#day-yes")
    expect(screen.get_by_role("dialog")).to_have_count(0)
    assert find(counter, stay).planned_departure == TODAY + timedelta(days=3)  # type: ignore[attr-defined]


def test_stay_of_thirty_nights_says_why_it_is_not_extended(
    screen: Page, counter: SmallCounter, stay: str, words: Words, tmp_path: Path
) -> None:
    counter.settle(stay, planned_departure=TODAY + timedelta(days=30))
    open_window(screen, stay, "#choose-extend")
    day = words.short_date(TODAY + timedelta(days=30))
    expect(screen.locator(".refusal")).to_contain_text(words("extend.refused", n=30, day=day))
    expect(screen.locator("#day-yes")).to_have_count(0)
    keep_picture(screen, tmp_path, "refused")
    touch(screen, "#choose-leave")
    touch(screen, "#leave-yes")
    expect(screen.locator("#main")).to_contain_text(words("house.departed"))


def test_another_document_is_read_for_the_same_stay(
    screen: Page, counter: SmallCounter, stay: str, words: Words, tmp_path: Path
) -> None:
    open_window(screen, stay, "#choose-correct")
    keep_picture(screen, tmp_path, "correct")
    touch(screen, "#correct-guest")
    expect(screen.get_by_role("dialog")).to_contain_text(words("reader.ready"))
    keep_picture(screen, tmp_path, "place")
    counter.change(failure="card_removed")
    expect(screen.locator(".refusal")).to_contain_text(words("problem.card_removed"))
    counter.change(failure=None)
    counter.lay(make_guest(4))
    expect(screen.locator("#right-pending-4")).to_contain_text(make_guest(4).name)
    keep_picture(screen, tmp_path, "document")
    touch(screen, "#right-pending-4")
    expect(screen.get_by_role("dialog")).to_have_count(0)
    assert find(counter, stay).name == make_guest(4).name  # type: ignore[attr-defined]
    assert counter.state().pending == ()


def test_specimen_card_can_be_put_down_while_a_document_is_corrected(
    screen: Page, counter: SmallCounter, stay: str
) -> None:
    open_window(screen, stay, "#choose-correct", "#correct-guest", "#window-card-child")
    expect(screen.locator("#right-pending-2")).to_be_visible()


def test_wrong_room_is_corrected(screen: Page, counter: SmallCounter, stay: str, words: Words, tmp_path: Path) -> None:
    open_window(screen, stay, "#choose-correct", "#correct-room")
    expect(screen.get_by_role("dialog")).to_contain_text(words("correct.room_hint", room="201"))
    keep_picture(screen, tmp_path, "correct-room")
    touch(screen, "#to-room-12")
    expect(screen.get_by_role("dialog")).to_have_count(0)
    assert find(counter, stay).room == "403"  # type: ignore[attr-defined]


def test_wrong_departure_is_corrected_in_both_directions(
    screen: Page, counter: SmallCounter, stay: str, words: Words, tmp_path: Path
) -> None:
    counter.settle(stay, planned_departure=TODAY + timedelta(days=5))
    open_window(screen, stay, "#choose-correct", "#correct-day")
    expect(screen.locator("dialog input[type=number]")).to_have_value("5")
    keep_picture(screen, tmp_path, "correct-day")
    touch(screen, "#fewer")
    touch(screen, "#fewer")
    touch(screen, "#day-yes")
    expect(screen.get_by_role("dialog")).to_have_count(0)
    assert find(counter, stay).planned_departure == TODAY + timedelta(days=3)  # type: ignore[attr-defined]


def test_registration_is_cancelled_with_a_reason(
    screen: Page, counter: SmallCounter, stay: str, words: Words, tmp_path: Path
) -> None:
    open_window(screen, stay, "#choose-cancel")
    keep_picture(screen, tmp_path, "cancel")
    touch(screen, "#window-close")
    expect(screen.locator("#choose-cancel")).to_be_visible()
    touch(screen, "#choose-cancel")
    touch(screen, "#cancel-not-stayed")
    expect(screen.locator("table.departed")).to_contain_text(words("delivery.cancelled"))
    keep_picture(screen, tmp_path, "cancelled")
    assert counter.reasons == ["not_stayed"]


def test_green_page_undoes_by_one_touch_and_the_guest_waits_again(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    counter.lay(make_guest(0))
    touch(screen, "#room-1")
    expect(screen.locator("#undo")).to_contain_text(words("done.undo", name=make_guest(0).name))
    keep_picture(screen, tmp_path, "undo")
    touch(screen, "#undo")
    expect(screen.locator("h1")).to_contain_text(make_guest(0).name)
    assert counter.state().house == ()
    touch(screen, "#room-2")
    expect(screen.locator(".saved h1")).to_have_text(words("done.title_one", room="102"))


def test_party_is_undone_guest_by_guest(screen: Page, counter: SmallCounter, words: Words, tmp_path: Path) -> None:
    counter.lay(make_guest(0), make_guest(1), make_guest(3))
    touch(screen, "#room-1")
    touch(screen, "#room-1")
    expect(screen.locator(".saved-strip #undo")).to_be_visible()
    keep_picture(screen, tmp_path, "strip")
    touch(screen, "#room-1")
    touch(screen, "#undo")
    expect(screen.locator("h1")).to_contain_text(make_guest(3).name)
    assert len(counter.state().house) == 2


def test_undo_is_over_after_a_minute_and_the_screen_says_what_to_do(
    screen: Page, counter: SmallCounter, words: Words
) -> None:
    counter.lay(make_guest(0))
    touch(screen, "#room-1")
    expect(screen.locator("#undo")).to_be_visible()
    counter.is_minute_over = True  # and nobody has drawn anew
    touch(screen, "#undo")
    expect(screen.locator(".alert")).to_contain_text(words("remedy.too_late_to_undo"))
    assert len(counter.state().house) == 1


def test_overdue_guests_are_asked_about_at_the_top_of_the_list(
    screen: Page, counter: SmallCounter, stay: str, words: Words, tmp_path: Path
) -> None:
    other = counter.lodge("103", 4, planned_departure=TODAY - timedelta(days=1))
    counter.settle(stay, planned_departure=TODAY - timedelta(days=2))
    touch(screen, "#nav-house")
    expect(screen.locator(".overdue h2")).to_have_text(words("house.overdue_title_many", n=2))
    keep_picture(screen, tmp_path, "overdue")
    touch(screen, f"#stays-{stay}")
    expect(screen.locator("dialog output")).to_have_text(words("room.leaves", day=words.short_date(TODAY)))
    touch(screen, "#more")
    touch(screen, "#day-yes")
    expect(screen.locator(".overdue h2")).to_have_text(words("house.overdue_title_one"))
    touch(screen, f"#gone-{other}")
    touch(screen, "#leave-yes")
    expect(screen.locator(".overdue")).to_have_count(0)
    assert find(counter, stay).planned_departure == TODAY + timedelta(days=1)  # type: ignore[attr-defined]


def test_refused_record_of_a_guest_who_has_left_stays_in_sight(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    counter.change(queue=QueueState(0, 0, online=True, last_receipt_at=None, abandoned=1))
    expect(screen.locator(".alert")).to_contain_text(words("alert.abandoned_one"))
    keep_picture(screen, tmp_path, "abandoned")
