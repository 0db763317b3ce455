"""The counter of a house in Spain, in Spanish, in a real browser, as `kjt run --profile es` starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import urllib3
from playwright.sync_api import Page, expect

from drivers.sim.mrz_specimens import build_passport
from tests.browser.scanner_keys import press_keys

READY_S = 60.0
SLOW_MS = 30_000  # until the terminal has asked what became of a batch, on a busy machine
ASKED = {"postcode": "69001", "place": "Lyon", "street": "1 rue de la Paix"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("spain") / "data"
    command = [sys.executable, "-m", "commands", "run", "--profile", "es", "--data", str(folder), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        os.kill(process.pid, signal.SIGINT)
        process.wait(READY_S)


@pytest.fixture
def screen(page: Page, town: dict[str, str]) -> Iterator[Page]:
    page.goto(town["counter"])
    expect(page.locator("main")).to_contain_text("Ponga el documento en el lector")
    yield page
    page.goto("about:blank")


def touch(page: Page, selector: str) -> None:
    page.wait_for_selector("body:not(.settling):not(.busy)")
    page.click(selector)


def scan(page: Page, lines: str) -> None:
    page.wait_for_selector("body:not(.settling):not(.busy)")
    press_keys(page, lines + "\n")


def take(page: Page, room: int, names: str, lines: str) -> None:
    """Scan a passport and choose a room; the form of what Spain asks is open then."""
    shown = page.locator("main h1", has_text=names)
    scan(page, lines)
    with suppress(AssertionError):
        expect(shown).to_be_visible(timeout=5_000)
    if not shown.is_visible():
        scan(page, lines)  # as a clerk does when the screen was just being drawn
    expect(shown).to_be_visible()
    touch(page, f"#room-{room}")


def answer_form(page: Page) -> None:
    """Answer as the first of a booking: state searched, one contact, one payment."""
    page.click("#asked-residence_state")
    page.keyboard.type("fran")
    touch(page, "#found-residence_state button >> nth=0")
    for name, text in ASKED.items():
        page.fill(f"#asked-residence_{name}", text)
    page.fill("#asked-phone", "+33 612 345 678")
    touch(page, "label:has(#asked-payment_kind-EFECT)")


def finish(page: Page, name: str) -> None:
    touch(page, "#asked-yes")
    expect(page.locator("main")).to_contain_text(name)
    expect(page.locator("#asked-yes")).to_have_count(0)


def list_told(town: dict[str, str]) -> list[str]:
    answered = urllib3.request("GET", f"{town['service']}simulator/told", retries=False)
    told: list[str] = json.loads(answered.data)
    return told


def test_family_of_four_is_registered_in_spanish_with_one_touch_for_each_child(
    screen: Page, town: dict[str, str]
) -> None:
    take(screen, 1, "STEARNE CARL", build_passport("STEARNE<<CARL", "D23145890", "800102", "M"))
    expect(screen.locator("#window")).to_contain_text("Basta con el teléfono o el correo")
    touch(screen, "#asked-yes")
    expect(screen.locator("#window")).to_contain_text("Mire los campos marcados en rojo")
    answer_form(screen)
    finish(screen, "STEARNE CARL")
    take(screen, 1, "STEARNE EVA", build_passport("STEARNE<<EVA", "D23145891", "820304", "F"))
    expect(screen.locator("#asked-residence_street")).to_have_value("1 rue de la Paix")
    finish(screen, "STEARNE EVA")
    for given, number, birth in (("MAX", "D23145892", "150506"), ("LISA", "D23145893", "180708")):
        take(screen, 1, f"STEARNE {given}", build_passport(f"STEARNE<<{given}", number, birth, "F"))
        touch(screen, "#minor-yes")
        touch(screen, "label:has(#asked-kinship-HJ)")
        finish(screen, f"STEARNE {given}")
    touch(screen, "#nav-told")
    expect(screen.locator("main")).to_contain_text("Espera al resto de la reserva")
    touch(screen, "#send-now")
    expect(screen.locator("main")).to_contain_text("Nada pendiente", timeout=SLOW_MS)
    assert sorted(line.split()[0] for line in list_told(town) if "STEARNE" in line) == ["CARL", "EVA", "LISA", "MAX"]
    touch(screen, "#nav-house")
    expect(screen.locator("main")).to_contain_text("Recibido por SES.HOSPEDAJES")
    expect(screen.locator("#nav-desk")).to_be_in_viewport()


def test_refused_guest_is_put_right_in_spanish(screen: Page, town: dict[str, str]) -> None:
    # A passport of Utopia for a national of France is no specimen to the simulator: it refuses her.
    wrong = build_passport("MISREAD<<ANNA", "L23145894", "740812", "F")
    first, second = wrong.split("\n")
    french = second[:10] + "FRA" + second[13:]
    take(screen, 2, "MISREAD ANNA", f"{first}\n{french}")
    answer_form(screen)
    finish(screen, "MISREAD ANNA")
    touch(screen, "#nav-told")
    touch(screen, "#send-now")
    expect(screen.locator("main")).to_contain_text("No aceptado por SES.HOSPEDAJES", timeout=SLOW_MS)
    expect(screen.locator("main")).to_contain_text("una vez corregida, se envía de nuevo toda la reserva")
    assert not [line for line in list_told(town) if "MISREAD" in line]
    touch(screen, "#nav-house")
    touch(screen, "button[id^=open-][aria-label*=MISREAD]")
    touch(screen, "#choose-correct")
    touch(screen, "#correct-guest")
    scan(screen, wrong)
    touch(screen, "button[id^=right-]")
    touch(screen, "#nav-told")
    expect(screen.locator("main")).to_contain_text("Nada pendiente", timeout=SLOW_MS)
    assert len([line for line in list_told(town) if "MISREAD" in line]) == 1
