"""Who is not central gets nothing, not even sealed: the terminal checks certificate, name and day before it sends."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from terminal.codes import ProblemCode
from terminal.errors import Unreachable, Untrusted
from terminal.link import HttpLink
from tests.faults.certificates import Authority, make_authority
from tests.faults.house import Central, House
from tests.faults.proxy import Fault, Proxy, run_proxy

pytestmark = pytest.mark.usefixtures("quick_stretching")


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The authority that this machine believes."""
    authority = make_authority(tmp_path / "believed")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.write_root()))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return authority


@pytest.fixture
def guarded(sqlite_central: Central, authority: Authority) -> Iterator[Proxy]:
    """A line that speaks TLS as it should."""
    with run_proxy(sqlite_central.port, tls=authority.make_server()) as running:
        yield running


@pytest.fixture
def central(sqlite_central: Central) -> Central:
    return sqlite_central


def make_wrong(name: str, authority: Authority, folder: Path) -> ssl.SSLContext | None:
    """Return what speaks TLS as it should not."""
    match name:
        case "unknown authority":
            return make_authority(folder / "other").make_server()
        case "expired":
            return authority.make_server(expired=True)
        case "not yet valid":
            return authority.make_server(early=True)
        case "other name":
            return authority.make_server("central.example")
        case "old version":
            context = authority.make_server()
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("ALL:@SECLEVEL=0")
            return context
        case _:
            return None  # no TLS at all


WRONG = ["unknown authority", "expired", "not yet valid", "other name", "old version", "no tls"]
SAID = {
    "unknown authority": ProblemCode.CERTIFICATE_REFUSED,
    "expired": ProblemCode.CERTIFICATE_EXPIRED,
    "not yet valid": ProblemCode.CERTIFICATE_EARLY,
    "other name": ProblemCode.CERTIFICATE_REFUSED,
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("count", [1, 7])
def test_whoever_is_not_central_gets_nothing_and_central_gets_it_later(
    guarded: Proxy, authority: Authority, open_house: Callable[..., House], tmp_path: Path, wrong: str, count: int
) -> None:
    house = open_house(f"https://localhost:{guarded.port}/")
    right = guarded.tls
    guarded.tls = make_wrong(wrong, authority, tmp_path)
    house.register(count)
    house.uploader.attempt()
    state = house.look()
    said = SAID.get(wrong, ProblemCode.UNREACHABLE)
    assert (state.queue.problem, state.queue.online, state.queue.waiting) == (said, False, count)
    assert guarded.passed_on == 0
    guarded.tls = right
    house.send_all()
    assert guarded.passed_on == 1
    house.check_books()


def test_what_is_sent_before_tls_stands_is_the_beginning_of_tls(
    guarded: Proxy, open_house: Callable[..., House]
) -> None:
    house = open_house(f"https://localhost:{guarded.port}/")
    guarded.listens_in = True
    house.register()
    house.uploader.attempt()
    assert guarded.first_bytes
    assert all(each[:2] == b"\x16\x03" for each in guarded.first_bytes)
    sealed = house.kit.outbox.list_waiting()[0].envelope
    assert not any(sealed[:16] in each or house.terminal in each for each in guarded.first_bytes)


@pytest.mark.parametrize("fault", [Fault.LOST_REPLY, Fault.HALF_REPLY, Fault.TWICE, Fault.EARLIER])
def test_fault_behind_tls_loses_nothing_and_doubles_nothing(
    guarded: Proxy, open_house: Callable[..., House], fault: Fault
) -> None:
    house = open_house(f"https://localhost:{guarded.port}/")
    house.register()
    house.send_all()
    house.register(7)
    guarded.faults.append(fault)
    house.uploader.attempt()
    guarded.wait_happened()
    house.look()
    house.send_all()
    house.check_books()


@pytest.mark.parametrize("wrong", WRONG)
def test_heartbeat_goes_to_nobody_else_either(guarded: Proxy, authority: Authority, tmp_path: Path, wrong: str) -> None:
    link = HttpLink(f"https://localhost:{guarded.port}/", read_timeout_s=2.0)
    guarded.tls = make_wrong(wrong, authority, tmp_path)
    with pytest.raises((Unreachable, Untrusted)):
        link.beat(b"a heartbeat")
    link.close()
    assert guarded.passed_on == 0
