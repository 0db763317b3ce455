"""Coroutines in tests: in a thread of their own, since Playwright leaves a loop running in the tests' thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, coroutine).result()


async def let_run() -> None:
    """Let everything run that can, until it waits for something else than its turn."""
    for _ in range(20):
        await asyncio.sleep(0)
