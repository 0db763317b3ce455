"""A passport's chip on the real processes: opened by its printed lines, proved genuine, registered, receipted."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.path.demonstration import run_demonstration, touch_room, wait_for_rest


@pytest.mark.timeout(180)
def test_chip_is_opened_by_its_printed_lines_and_registered(tmp_path: Path, new_page: Callable[..., Page]) -> None:
    with run_demonstration(tmp_path / "town", "--chips") as town:
        counter = new_page(locale="zh-CN")
        counter.goto(town.facts["counter"])
        wait_for_rest(counter)
        counter.click("#cards")
        counter.click("#card-chip-bac")
        expect(counter.locator("#main h1")).to_contain_text("请扫描证件的机读码", timeout=15_000)
        if not counter.locator("#scan-eriksson").is_visible():
            counter.click("#cards")
        counter.click("#scan-eriksson")
        guest = counter.locator("#main .guest")
        expect(guest.locator("h1")).to_contain_text("ERIKSSON ANNA MARIA", timeout=15_000)
        expect(guest.locator(".document")).to_contain_text("芯片读取 · 芯片内容有签发国签名")
        touch_room(counter, "204")
        expect(counter.locator("#main .saved")).to_be_visible(timeout=15_000)
        expect(counter.locator("#slips .state.good")).to_be_visible(timeout=15_000)
        counter.close()  # before the town ends under it
