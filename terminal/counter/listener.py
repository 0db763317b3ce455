"""Hears the reader, in a thread of its own: what it reads goes to the arrivals, its state to the board."""

from __future__ import annotations

import threading

import structlog

from drivers.faces import draw_face_apart
from drivers.mrz_document import ScannedDocument
from drivers.parse import parse_document
from drivers.reader import (
    DocumentFailed,
    DocumentPresent,
    DocumentRead,
    DocumentRemoved,
    KeyNeeded,
    Progress,
    Reader,
    ReaderDown,
    ReaderEvent,
    ReaderUp,
)
from terminal.codes import ProblemCode
from terminal.counter.arrivals import Arrivals
from terminal.counter.board import Board
from terminal.state import ReaderState


class ReaderListener:
    """Takes the events of one reader until it is closed."""

    def __init__(self, reader: Reader, arrivals: Arrivals, board: Board) -> None:
        self._reader, self._arrivals, self._board = reader, arrivals, board
        self._thread = threading.Thread(target=self._listen, name="reader", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Wait for the thread; its reader and the board are closed already."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _listen(self) -> None:
        try:
            for event in self._reader.events():
                self._take_event(event)
                # Not kept while the iterator blocks: it may hold a document.
                del event
        except Exception as error:
            structlog.get_logger().error("reader stopped", error=type(error).__name__)
        if not self._board.is_closing:
            self._board.show_reader(ReaderState("down", ProblemCode.READER_STOPPED))

    def _take_event(self, event: ReaderEvent) -> None:
        match event:
            case ReaderUp() | DocumentRemoved():
                self._board.show_reader(ReaderState("ready"))
            case ReaderDown(error):
                self._board.show_reader(ReaderState("down", error.code))
            case DocumentPresent():
                self._board.show_reading(ReaderState("reading"), None)
            case KeyNeeded():
                self._board.show_reader(ReaderState("key"))
            case Progress():
                self._board.show_reader(ReaderState("reading"))
            case DocumentRead(raw):
                # A reader without a hand for faces may bring a photo that an installed decoder made an image of.
                face = raw.face or draw_face_apart(raw.photo)
                is_repaired = "number" in raw.fields.get("repaired", "")
                failure = self._arrivals.take_document(lambda: ScannedDocument(parse_document(raw), is_repaired), face)
                self._board.show_reading(ReaderState("lift"), failure)
            case DocumentFailed(error):
                self._board.show_reading(ReaderState("lift"), error.code)
