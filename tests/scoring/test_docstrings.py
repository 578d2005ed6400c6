"""The examples in the docstrings are true."""

import doctest
import importlib
from pathlib import Path

import pytest

import scoring

MODULES = sorted(
    path.stem for path in Path(scoring.__file__).parent.glob("*.py") if ">>>" in path.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_every_example_of_a_docstring_comes_true(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"scoring.{name}"))

    assert found.attempted > 0
    assert found.failed == 0
