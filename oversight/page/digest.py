"""Digests of what the guest page sends to a browser, so that anyone can check that it is what was published.

`python -m oversight.page.digest` writes them again after a change: the integrity attributes in
index.html, and SHA256SUMS. A test fails until that is done.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

STATIC = Path(__file__).parent / "static"
SCRIPTS = ("texts.js", "countries.js", "words.js", "event.js", "opening.js", "asking.js", "requests.js", "page.js")
HASHED = ("index.html", "page.css", *SCRIPTS)
_INTEGRITY = re.compile(r'((?:src|href)="/([a-z]+\.(?:js|css))" integrity=")[^"]*(")')


def compute_page_digest() -> str:
    """Return the SHA-256 (hexadecimal) of the page's SHA256SUMS: one figure for script, style and HTML together."""
    return hashlib.sha256(compute_sums().encode()).hexdigest()


def compute_sums() -> str:
    """Return the lines of SHA256SUMS, in the form of sha256sum(1), from the files as they are."""
    return "".join(f"{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()}  {name}\n" for name in HASHED)


def write_integrity(html: str) -> str:
    """Return the HTML with the integrity attribute (SHA-384) of each script and style filled in."""

    def fill(match: re.Match[str]) -> str:
        digest = hashlib.sha384((STATIC / match[2]).read_bytes()).digest()
        return f"{match[1]}sha384-{base64.b64encode(digest).decode()}{match[3]}"

    return _INTEGRITY.sub(fill, html)


def _write_all() -> None:
    html = STATIC / "index.html"
    html.write_text(write_integrity(html.read_text("utf-8")), "utf-8")
    (STATIC / "SHA256SUMS").write_text(compute_sums(), "utf-8")


if __name__ == "__main__":
    _write_all()
