"""Fixtures of the screen's tests."""

from collections.abc import Iterator
from typing import Any

import jinja2
import pytest

_KEPT: dict[tuple[object, ...], Any] = {}


@pytest.fixture(autouse=True, scope="module")
def compiled_once() -> Iterator[None]:
    """Keep the code of each template: every test makes an application of its own, and compiling takes most of that."""
    compile_source = jinja2.Environment.compile

    def compile_once(self: jinja2.Environment, source: str, name: str, *rest: Any, **options: Any) -> Any:
        key = (source, name, self.trim_blocks, self.undefined, bool(rest or options))
        if key not in _KEPT:
            _KEPT[key] = compile_source(self, source, name, *rest, **options)
        return _KEPT[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jinja2.Environment, "compile", compile_once)
        yield
