"""A journey: one company, one server, a day at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LiveServer
from tests.journeys.desks import SHOTS, Journey


@pytest.fixture
def journey(browser: Any, live_server: LiveServer, engine: str) -> Iterator[Journey]:
    walked = Journey(browser, live_server, Path(SHOTS) / engine if SHOTS else None)
    try:
        yield walked
    finally:
        walked.end()
