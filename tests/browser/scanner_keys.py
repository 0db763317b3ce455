"""Real key presses at the pace of a scanner, told by their own timestamps: a busy machine does not slow them."""

import time

from playwright.sync_api import Page

SCANNER_S = 0.004  # from key to key
HAND_S = 0.12


def press_keys(page: Page, text: str, pace_s: float = SCANNER_S) -> None:
    """Press the keys of a text, one every `pace_s` seconds; newline is Enter and tab is Tab."""
    session = page.context.new_cdp_session(page)
    pressed_at = time.time()
    for character in text:
        key, typed = {"\n": ("Enter", "\r"), "\t": ("Tab", "")}.get(character, (character, character))
        code = {"Enter": 13, "Tab": 9}.get(key, 0)
        press = {"key": key, "windowsVirtualKeyCode": code, "timestamp": pressed_at}
        session.send("Input.dispatchKeyEvent", press | {"type": "keyDown", "text": typed})
        session.send("Input.dispatchKeyEvent", press | {"type": "keyUp"})
        pressed_at += pace_s
    session.detach()
