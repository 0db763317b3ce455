"""The sentence of the guest notice about comparison, in both languages: whether it is on, and if not, why."""

from __future__ import annotations

from collections.abc import Mapping

from terminal.comparing.told import Off

_ON = {
    "zh": (
        "比对已开启（演示，仅限样本）：入住登记后，您的证件号码会以盲化的方式与法院决定中的号码比对一次，且仅此一次。"
        "号码不符的，比对的任何一方都读不到您是谁；号码相符的，当地派出所会收到提醒，由人核实。"
        "未成年人和手工录入的证件从不比对。"
    ),
    "en": (
        "Comparison is on (a demonstration, for specimens): after check-in the number of your document is compared "
        "blindly, once and never again, with numbers in decisions of courts. If it fits none of them, nobody who takes "
        "part can read who you are; if it does, the local station is alerted, and a person checks. Minors and typed "
        "documents are never compared."
    ),
}
_OFF = {
    "zh": "比对未开启：{why}现在入住的旅客不作比对，以后也不补。",
    "en": "Comparison is off: {why} Guests who check in now are not compared, and are not compared later either.",
}
_WHY: dict[Off, dict[str, str]] = {
    Off.NOT_SET_UP: {"zh": "本机没有设置。", "en": "this counter is not set up for it."},
    Off.SILENT: {"zh": "参与比对的一方没有应答。", "en": "one of those who take part does not answer."},
    Off.NO_PERMIT: {"zh": "监督机构没有许可。", "en": "the oversight body has not permitted it."},
    Off.STOPPED: {"zh": "监督机构已叫停。", "en": "the oversight body has stopped it."},
    Off.CLOCK: {"zh": "本机时钟不准。", "en": "this machine's clock is not right."},
}


def say_whether(off: Off | None) -> Mapping[str, str]:
    """Return the sentence by language (zh, en)."""
    if off is None:
        return _ON
    return {language: text.format(why=_WHY[off][language]) for language, text in _OFF.items()}
