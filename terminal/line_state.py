"""Whether the registration service can be reached: what the screen may say while nothing waits to be sent.

An empty queue tries nothing, so its status alone would call a line good that has been down for days. The heartbeat
tries every minute.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from terminal.codes import ProblemCode
from terminal.heartbeat import LineHeard
from terminal.uploader import UploadStatus


def judge_line(upload: UploadStatus, uploaded_at: datetime | None, beats: LineHeard) -> UploadStatus:
    """Return the queue's status, put right by what the heartbeats met since central last answered an upload."""
    if upload.problem is not None or not upload.online:
        return upload
    silent_since = beats.silent_since
    if silent_since is not None and (uploaded_at is None or uploaded_at < silent_since):
        return replace(upload, online=False, problem=ProblemCode.UNREACHABLE, offline_since=silent_since)
    has_answered = uploaded_at is not None or beats.at is not None
    return upload if has_answered else replace(upload, online=False)
