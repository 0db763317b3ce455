"""The day at the counter, in a real browser and in both languages: today's page, proofs, and what goes wrong."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from terminal.screen.texts import Words
from terminal.state import Delivery, MachineState, QueueState, ShownNotice
from tests.browser.test_screen import counter, keep_picture, origin, quick_settling, screen, settle, touch, words
from tests.terminal.screen.small_counter import TODAY, SmallCounter, make_guest

__all__ = ["counter", "origin", "quick_settling", "screen", "words"]

THEN = datetime(2026, 10, 1, 4, tzinfo=UTC)


def test_morning_list_checks_everybody_out_with_three_touches(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    staying = counter.lodge("301", 4)
    counter.lodge("101", 0, planned_departure=TODAY)
    counter.lodge("102", 1, planned_departure=TODAY - timedelta(days=1))
    touch(screen, "#nav-today")
    expect(screen.locator("#leave-selected")).to_be_disabled()
    settle(screen)
    keep_picture(screen, tmp_path, "today")
    touch(screen, "#select-all")
    expect(screen.locator("#selected")).to_have_text(words("house.selected", n=2))
    touch(screen, "#leave-selected")
    expect(screen.get_by_role("dialog").locator("li")).to_have_count(2)
    touch(screen, "#leave-yes")
    expect(screen.locator("#main")).to_contain_text(words("today.nobody_leaves"))
    assert [guest.stay for guest in counter.state().house] == [staying]


def test_card_read_over_the_morning_list_takes_nothing_that_was_chosen(
    screen: Page, counter: SmallCounter, words: Words
) -> None:
    counter.lodge("101", 0, planned_departure=TODAY)
    touch(screen, "#nav-today")
    touch(screen, "#select-all")
    counter.lay(make_guest(1))
    expect(screen.locator("#main .note")).to_contain_text(words.count("guest.waiting", 1))
    expect(screen.locator("#selected")).to_have_text(words("house.selected", n=1))
    touch(screen, "#to-desk")
    expect(screen.locator("#main .guest h1")).to_contain_text(make_guest(1).name)


def test_forgotten_guest_stays_longer_from_the_morning_list(screen: Page, counter: SmallCounter, words: Words) -> None:
    stay = counter.lodge("101", 0, planned_departure=TODAY - timedelta(days=1))
    touch(screen, "#nav-today")
    touch(screen, f"#longer-{stay}")
    touch(screen, "#day-yes")
    expect(screen.get_by_role("dialog")).to_have_count(0)
    assert counter.state().house[0].planned_departure >= TODAY


def test_proof_is_printed_for_one_guest_and_for_the_whole_house(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    screen.add_init_script("window.print = () => { document.title = 'printed'; }")
    stay = counter.lodge("101", 0)
    counter.receive(stay)
    counter.lodge("102", 1)
    touch(screen, "#nav-house")
    touch(screen, f"#open-{stay}")
    touch(screen, "#choose-proof")
    expect(screen).to_have_title("printed")
    expect(screen.locator(".proofs li")).to_have_count(1)
    expect(screen.locator(".proofs .link")).to_contain_text("KJR1-")
    touch_paper(screen, "#back")
    screen.keyboard.press("Escape")
    expect(screen.get_by_role("dialog")).to_have_count(0)
    touch(screen, "#nav-today")
    touch(screen, "#proof-all")
    expect(screen.locator(".proofs li")).to_have_count(2)
    expect(screen.locator(".proofs .received svg")).to_have_count(1)
    expect(screen.locator("body")).to_contain_text(words("proof.saved"))
    assert make_guest(0).name not in screen.content()
    assert len(screen.pdf(width="80mm", height="297mm")) > 5_000
    assert len(screen.pdf(format="A4")) > 5_000


def test_proof_of_somebody_who_has_left_is_two_touches_from_today(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    screen.add_init_script("window.print = () => { document.title = 'printed'; }")
    proof = counter.leave_behind(12)
    counter.leave_behind(13)
    touch(screen, "#nav-today")
    touch(screen, "#proof-left")
    expect(screen.get_by_role("dialog")).to_contain_text(words.count("left.count", 2))
    settle(screen)
    keep_picture(screen, tmp_path, "left")
    touch(screen, f"#left-{TODAY}")
    expect(screen).to_have_title("printed")
    expect(screen.locator(".proofs li svg")).to_have_count(2)
    expect(screen.locator("body")).to_contain_text(proof.acknowledgement)
    keep_picture(screen, tmp_path, "left-paper")
    touch_paper(screen, "#back")


def touch_paper(screen: Page, selector: str) -> None:
    """Touch something of a page that is not the counter's own screen."""
    screen.click(selector)
    expect(screen.locator("#main")).to_be_visible()
    settle(screen)


def test_offline_and_back_never_looks_received_too_early(screen: Page, counter: SmallCounter, words: Words) -> None:
    counter.change(queue=QueueState(0, 0, False, None, problem="unreachable", offline_since=THEN))
    counter.lay(make_guest(0))
    touch(screen, "#room-1")
    expect(screen.locator(".slip .state.wait")).to_contain_text(words("delivery.saved_long"))
    expect(screen.locator(".slip .state.good")).to_have_count(0)
    counter.change(queue=QueueState(1, 30, False, None, problem="unreachable", offline_since=THEN))
    expect(screen.locator("#queue")).to_contain_text(words("foot.offline_since", since=words.moment(THEN)))
    expect(screen.locator("#queue")).to_contain_text(words.count("foot.waiting", 1, age=words.age(30)))
    counter.receive(counter.state().house[0].stay)
    counter.change(queue=QueueState(0, 0, True, THEN))
    expect(screen.locator(".slip .state.good")).to_contain_text(words("delivery.received"))
    expect(screen.locator("#queue")).to_have_text(words("foot.connected"))


def test_refusal_stands_beside_its_guest_with_a_way_to_put_it_right(
    screen: Page, counter: SmallCounter, words: Words
) -> None:
    stay = counter.lodge("101", 0)
    counter.settle(stay, delivery=Delivery.REFUSED, refusal="malformed")
    touch(screen, "#nav-house")
    row = screen.locator("tr", has=screen.locator(f"#open-{stay}"))
    expect(row).to_contain_text(words("refusal.malformed"))
    expect(row.locator(f"#again-{stay}")).to_be_visible()
    touch(screen, f"#again-{stay}")
    expect(row).to_contain_text(words("delivery.saved"))


def test_notice_by_central_stands_beside_its_guest_until_somebody_has_read_it(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    stay = counter.lodge("101", 0)
    about = ShownNotice(7, "field_wrong", "birth_date", THEN, None, 0, is_of_record=True, stay=stay)
    counter.change(notices=(about, ShownNotice(8, "maintenance", "none", THEN, THEN, 90, is_of_record=False)))
    expect(screen.locator("#notice-7")).to_contain_text(words("notice_field.birth_date"))
    touch(screen, "#nav-house")
    row = screen.locator("tr", has=screen.locator(f"#open-{stay}"))
    expect(row).to_contain_text(words("notice_field.birth_date"))
    settle(screen)
    keep_picture(screen, tmp_path, "notice")
    touch(screen, "#notice-guest")
    expect(screen.get_by_role("dialog")).to_contain_text(words("notice_remedy.field_wrong"))
    settle(screen)
    keep_picture(screen, tmp_path, "notice-guest")
    screen.keyboard.press("Escape")
    touch(screen, "#notice-seen")
    expect(screen.locator("#notice-8")).to_contain_text(words("notice_remedy.maintenance"))
    expect(row).not_to_contain_text(words("notice_field.birth_date"))
    touch(screen, "#notice-seen")
    expect(screen.locator("#notice-seen")).to_have_count(0)


def test_registering_goes_on_under_every_alarm(
    screen: Page, counter: SmallCounter, words: Words, tmp_path: Path
) -> None:
    counter.change(
        queue=QueueState(3, 320, False, None, problem="certificate_expired", offline_since=THEN),
        machine=MachineState(nearly_full_mib=90, clock_jump_s=9000, root_ended_at=THEN, set_aside_at=THEN),
    )
    counter.lay(make_guest(0))
    expect(screen.locator("#main .guest")).to_be_visible()
    settle(screen)
    keep_picture(screen, tmp_path, "alarms")
    touch(screen, "#room-1")
    expect(screen.locator(".saved")).to_be_visible()
    touch(screen, "#set-aside-read")
    expect(screen.locator("#set-aside-read")).to_have_count(0)
    assert len(counter.state().house) == 1


def test_next_card_lies_there_before_the_last_guest_has_a_room(
    screen: Page, counter: SmallCounter, words: Words
) -> None:
    counter.lay(make_guest(0), make_guest(1))
    expect(screen.locator("#main h1")).to_contain_text(make_guest(0).name)
    expect(screen.locator(".queue .chip")).to_have_text(make_guest(1).name)
    touch(screen, "#room-1")
    expect(screen.locator("#main h1")).to_contain_text(make_guest(1).name)
    counter.lay(make_guest(3))  # while the second one is on the screen, the third is read
    expect(screen.locator("#main h1")).to_contain_text(make_guest(1).name)
    touch(screen, "#room-2")
    touch(screen, "#room-3")
    expect(screen.locator(".saved")).to_be_visible()
    assert [guest.room for guest in counter.state().house] == ["101", "102", "103"]
