"""What the line to a real service believes: the host that the source names, under the machine's authorities."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from records.profile import load_profile
from terminal.destinations.catalogue import find_destination
from terminal.destinations.line import HttpLine, NotSent, ServiceAddress
from terminal.destinations.sim.catalogue import find_demo_credentials
from terminal.destinations.terms import Credentials, NoAnswer, NotNow, SignInRefused, Unverified
from tests.destinations.cases import CASES, Case
from tests.destinations.kit import open_kit
from tests.faults.certificates import Authority, make_authority

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
PROFILES = tuple(case.profile for case in CASES.values())


@dataclass
class TlsServer:
    """A server of one name on this machine, and what reached it inside TLS."""

    port: int
    received: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextmanager
def serve_tls(context: ssl.SSLContext | None, answer: bytes = OK) -> Iterator[TlsServer]:
    """Serve whoever comes, with TLS where there is a context."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = TlsServer(listening.getsockname()[1])

    def attend() -> None:
        while True:
            try:
                connected, _ = listening.accept()
            except OSError:
                return
            server.connections += 1
            with connected, suppress(OSError):
                spoken = connected if context is None else context.wrap_socket(connected, server_side=True)
                with spoken:
                    if data := spoken.recv(65_536):
                        server.received.append(data)
                        spoken.sendall(answer)

    thread = threading.Thread(target=attend)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


@pytest.fixture
def believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The one authority that this machine believes."""
    authority = make_authority(tmp_path / "believed")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.write_root()))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return authority


def test_host_of_the_source_with_a_certificate_of_a_believed_authority_is_spoken_to(believed: Authority) -> None:
    with serve_tls(believed.make_server()) as server:
        answer = HttpLine(ServiceAddress(f"https://localhost:{server.port}")).request("POST", "/", b"guest")
    assert (answer.status, len(server.received)) == (200, 1)


STRANGERS: dict[str, Callable[[Authority, Authority], ssl.SSLContext]] = {
    "another host": lambda believed, _: believed.make_server("elsewhere.example.org"),
    "another authority": lambda _, other: other.make_server(),
    "expired": lambda believed, _: believed.make_server(expired=True),
    "not valid yet": lambda believed, _: believed.make_server(early=True),
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_who_cannot_prove_to_be_the_host_gets_not_one_byte(believed: Authority, tmp_path: Path, stranger: str) -> None:
    other = make_authority(tmp_path / "other")
    other.write_root()
    with serve_tls(STRANGERS[stranger](believed, other)) as server, pytest.raises(NotSent):
        HttpLine(ServiceAddress(f"https://localhost:{server.port}")).request("POST", "/", b"guest")
    assert (server.connections, server.received) == (1, [])


def test_pin_is_asked_beside_the_authorities_and_before_anything_is_sent(believed: Authority) -> None:
    with serve_tls(believed.make_server()) as server, pytest.raises(NotSent):
        HttpLine(ServiceAddress(f"https://localhost:{server.port}", ("00" * 32,))).request("POST", "/", b"guest")
    assert (server.connections, server.received) == (1, [])


def test_service_that_speaks_no_tls_gets_nothing_of_a_request(believed: Authority) -> None:
    with serve_tls(None) as server, pytest.raises(NotSent):
        HttpLine(ServiceAddress(f"https://localhost:{server.port}")).request("POST", "/", b"guest-data")
    assert not any(b"guest-data" in data for data in server.received)


@pytest.mark.parametrize("profile", PROFILES)
def test_address_of_the_source_is_a_named_host_over_tls(profile: str) -> None:
    terms = load_profile(profile).destination
    assert terms is not None
    parts = urlsplit(find_destination(terms.id).address.url)
    assert parts.scheme == "https"
    assert parts.port is None
    assert parts.hostname is not None
    assert parts.hostname.endswith((".poliziadistato.it", ".pcr.cz", ".mir.es", ".evisitor.hr"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_redirect_is_followed_by_no_country(tmp_path: Path, believed: Authority, case: Case) -> None:
    with open_kit(tmp_path, case.profile) as (kit, _):
        kit.load_tables()
        kit.check_in(case.guest, **case.answers)
        kit.service.send_now()
        (ready,) = kit.deliverer._choose_batch()
    destination = kit.parts.destination
    credentials = Credentials(find_demo_credentials(destination.id))
    now = datetime.now(UTC)
    with serve_tls(believed.make_server()) as elsewhere:
        redirect = REDIRECT % f"https://localhost:{elsewhere.port}/".encode()
        with serve_tls(believed.make_server(), redirect) as server:
            line = HttpLine(ServiceAddress(f"https://localhost:{server.port}"))
            # A country without a session takes the credentials as they come; the first call shows.
            with suppress(NotNow, SignInRefused, NoAnswer):
                session = destination.sign_in(credentials, line, now)
                outcomes = destination.deliver([ready.item], session, now)
                assert outcomes == [Unverified()]
        assert server.received
    assert (elsewhere.connections, elsewhere.received) == (0, [])
