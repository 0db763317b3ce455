"""The simulated reader of the demonstration with two cards more, which no other test has: the canary, and a broken one.

They are specimens as the demonstration wants them: of division 990101, which is assigned to nobody.
"""

from __future__ import annotations

from dataclasses import replace

from commands.__main__ import main
from drivers.sim import specimens
from records.numbers import compute_mod_11_2

NAME, BIRTH, ADDRESS = "金丝雀淼淼", "19310723", "虚构省鸣禽市回声路407号"
_BODY = f"990101{BIRTH}407"
NUMBER = _BODY + compute_mod_11_2(_BODY)

CANARY = replace(specimens.SPECIMENS["wang"], id="canary", name=NAME, birth=BIRTH, number=NUMBER, address=ADDRESS)
BROKEN = replace(CANARY, id="canary-broken", number=NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1"))

if __name__ == "__main__":
    specimens.SPECIMENS |= {card.id: card for card in (CANARY, BROKEN)}
    main()
