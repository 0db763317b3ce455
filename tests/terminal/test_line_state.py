"""Whether the registration service can be reached, while nothing waits to be sent."""

from datetime import timedelta

from terminal.codes import ProblemCode
from terminal.errors import Unreachable
from terminal.heartbeat import LineHeard
from terminal.line_state import judge_line
from terminal.uploader import UploadStatus
from tests.terminal.kit import NOW, Kit
from tests.terminal.test_heartbeat import Line, make_sender

LATER = NOW + timedelta(minutes=3)


def test_a_line_that_nobody_has_tried_is_not_called_good() -> None:
    status = judge_line(UploadStatus(), None, LineHeard())
    assert (status.online, status.problem, status.offline_since) == (False, None, None)


def test_an_answered_heartbeat_makes_the_line_good() -> None:
    assert judge_line(UploadStatus(), None, LineHeard(NOW)).online


def test_an_unanswered_heartbeat_says_since_when_though_nothing_waits() -> None:
    status = judge_line(UploadStatus(), NOW, LineHeard(NOW, LATER))
    assert (status.online, status.problem, status.offline_since) == (False, ProblemCode.UNREACHABLE, LATER)


def test_an_upload_that_was_answered_later_counts_for_more() -> None:
    assert judge_line(UploadStatus(), LATER, LineHeard(NOW, NOW)).online


def test_what_the_upload_met_itself_stands() -> None:
    met = UploadStatus(online=False, problem=ProblemCode.CERTIFICATE_EXPIRED, offline_since=NOW)
    assert judge_line(met, None, LineHeard(LATER)) == met


def test_silence_is_counted_from_the_first_heartbeat_that_failed_and_ends_with_an_answer(kit: Kit) -> None:
    line, told = Line(), []
    sender = make_sender(kit, line)
    sender._on_line = lambda: told.append(sender.line.silent_since)
    answer = line.answer

    def fail() -> None:
        raise Unreachable("central")

    line.answer = fail  # type: ignore[assignment]
    sender.send()
    kit.clock.pass_time(60)
    sender.send()
    assert sender.line.silent_since == NOW
    line.answer = answer
    sender.send()
    assert sender.line == LineHeard(NOW + timedelta(seconds=60))
    assert told == [NOW, None]
