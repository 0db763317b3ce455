"""The libraries of the pages are those that were pinned, whole, and nothing else."""

import io
import tarfile

import pytest

from service.pages.icons import draw_icon
from service.pages.vendor import PACKAGES, SUMS, VENDOR, PackageRefused, check_integrity, compute_sums, unpack


def test_files_are_the_pinned_ones_and_no_other() -> None:
    assert compute_sums(VENDOR) == (VENDOR / SUMS).read_text("utf-8")
    kept = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert kept == {name for package in PACKAGES for name in package.files.values()} | {SUMS}


def test_each_library_has_its_licence() -> None:
    for name in ("tabler", "htmx", "uPlot"):
        assert (VENDOR / f"{name}.LICENSE").read_text("utf-8").strip()


def test_archive_that_is_not_the_pinned_one_is_refused() -> None:
    with pytest.raises(PackageRefused):
        check_integrity(PACKAGES[0], b"another archive")


def test_package_without_a_file_is_refused() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz"):
        pass
    with pytest.raises(PackageRefused):
        unpack(PACKAGES[0], out.getvalue())


def test_icons_are_drawn_for_the_eye_alone() -> None:
    svg = draw_icon("user")
    assert svg.startswith('<svg aria-hidden="true"')
    assert "style=" not in svg
    assert "script" not in svg
