"""Notices by e-mail, handed to a mail server on this machine (SMTP, RFC 5321; the standard library's client)."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Annotated

import msgspec

from station.channels.notice import ChannelFailed, Notice

TIMEOUT_S = 10.0
# Plain addresses: no names, no quotes, nothing that could begin another header or another recipient.
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f]{0,80}")


class EmailSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[email]` of the settings; without it nothing is sent. The server is on this machine."""

    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    sender: str
    receivers: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=20)]

    def __post_init__(self) -> None:
        for each in (self.sender, *self.receivers):
            if _ADDRESS.fullmatch(each) is None:
                raise ValueError("not a plain e-mail address")


class EmailChannel:
    """Sends one mail to all receivers. Nobody's answer is read."""

    name = "email"

    def __init__(self, settings: EmailSettings, sign_in: str, clock: Callable[[], datetime]) -> None:
        """`sign_in` is the address of the page on which its reader signs in."""
        self._settings, self._sign_in, self._clock = settings, sign_in, clock

    def send(self, notice: Notice) -> None:
        """Send a notice. Raises: ChannelFailed."""
        message = write_mail(notice, self._settings, self._sign_in, self._clock())
        try:
            with smtplib.SMTP(self._settings.host, self._settings.port, timeout=TIMEOUT_S) as server:
                refused = server.send_message(message)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise ChannelFailed(type(error).__name__) from None
        if len(refused) == len(self._settings.receivers):
            raise ChannelFailed("receivers")


def write_mail(notice: Notice, settings: EmailSettings, sign_in: str, now: datetime) -> EmailMessage:
    """Return the mail, in Chinese and English: that alerts wait, how many, since when, and where to sign in."""
    if _PLAIN.fullmatch(notice.station) is None:
        raise ChannelFailed("station")
    age_s = max(0, int((now - notice.oldest_at).total_seconds()))
    zh_age, en_age = (f"{age_s} 秒", f"{age_s} s") if age_s < 120 else (f"{age_s // 60} 分钟", f"{age_s // 60} min")
    place = f" ({notice.station})" if notice.station else ""
    message = EmailMessage()
    message["Subject"] = f"派出所有提醒等待处理 / An alert waits at your station{place}"
    message["From"], message["To"] = settings.sender, ", ".join(settings.receivers)
    message["Date"] = format_datetime(now)
    # Not the machine's own name.
    message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation note answers it
    message.set_content(
        f"派出所有 {notice.waiting} 件提醒等待处理，最早的已等待 {zh_age}（第 {notice.level} 次呼叫）。\n"
        f"请登录：{sign_in}\n"
        "本邮件不含任何人的信息，请勿回复。\n\n"
        f"{notice.waiting} alert(s) wait at your station{place}, the oldest for {en_age} (call {notice.level}).\n"
        f"Sign in: {sign_in}\n"
        "This message names nobody. Please do not answer it.\n"
    )
    return message
