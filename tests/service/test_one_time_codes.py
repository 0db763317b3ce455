"""Codes of an authenticator app against RFC 6238, recovery codes, and what is shown of a secret."""

from urllib.parse import parse_qs, urlsplit

import pytest

from service.accounts.one_time_codes import (
    compute_code,
    digest_recovery_code,
    find_step,
    is_recovery_code,
    make_address,
    make_recovery_codes,
    make_secret,
    show_secret,
)

SECRET = b"12345678901234567890"  # of RFC 6238, appendix B
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert compute_code(SECRET, seconds, digits=8) == code
    assert find_step(SECRET, code[-6:], seconds) == seconds // 30


@pytest.mark.parametrize(("away_s", "fits"), [(0, True), (30, True), (-30, True), (60, False), (-60, False)])
def test_code_of_the_step_before_or_after_is_taken_and_no_other(away_s: int, fits: bool) -> None:
    now = 1234567890
    assert (find_step(SECRET, compute_code(SECRET, now + away_s), now) is not None) == fits


@pytest.mark.parametrize("typed", ["005 924", "００５９２４", "005-924", " 005924 "])
def test_code_may_be_typed_with_spaces_or_full_width(typed: str) -> None:
    assert find_step(SECRET, typed, 1234567890) == 1234567890 // 30


@pytest.mark.parametrize("typed", ["", "005925", "05924", "0059240", "\x00", "код", "\ud800"])
def test_anything_else_is_no_code(typed: str) -> None:
    assert find_step(SECRET, typed, 1234567890) is None


def test_address_holds_the_secret_and_says_whose_it_is() -> None:
    address = urlsplit(make_address(SECRET, issuer="Kuaijietong central console", name="anna"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert address.path == "/Kuaijietong%20central%20console:anna"
    values = parse_qs(address.query)
    assert values["secret"] == ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]
    assert values["issuer"] == ["Kuaijietong central console"]
    assert (values["period"], values["digits"]) == (["30"], ["6"])
    assert show_secret(SECRET).replace(" ", "") == values["secret"][0]


def test_secrets_and_recovery_codes_are_each_new() -> None:
    assert make_secret() != make_secret()
    codes = {*make_recovery_codes(), *make_recovery_codes()}
    assert len(codes) == 20
    assert all(is_recovery_code(code) for code in codes)
    assert not is_recovery_code("123 456")


def test_recovery_code_is_kept_for_one_account_and_without_its_hyphens() -> None:
    (code, *_) = make_recovery_codes()
    assert digest_recovery_code(code, "anna") == digest_recovery_code(code.upper().replace("-", " "), "anna")
    assert digest_recovery_code(code, "anna") != digest_recovery_code(code, "bo")
