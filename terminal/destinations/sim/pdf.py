"""A page of plain lines as a PDF, for receipts of simulated services."""

from __future__ import annotations

from collections.abc import Sequence

_TOP, _LEFT, _STEP, _SIZE = 780, 60, 18, 11


def draw_pdf(lines: Sequence[str]) -> bytes:
    """Return one A4 page with the lines, ASCII alone: what else stands in them becomes "?"."""
    drawn = [
        f"BT /F1 {_SIZE} Tf {_LEFT} {_TOP - index * _STEP} Td ({_escape(line)}) Tj ET"
        for index, line in enumerate(lines)
    ]
    stream = "\n".join(drawn).encode("ascii", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        b" /Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
    )
    data, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    start = len(data)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, start)
    )


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
