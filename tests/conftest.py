"""Options and fixtures of the test suite."""

from __future__ import annotations

import gc
import os

import pytest

# Many tests run the command in a process of its own: what it is made of is compiled once, as it is for its users.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite golden files; read the difference before you commit it"
    )


def pytest_collection_finish() -> None:
    """The tests themselves stay to the end; to look through them for garbage again and again would cost a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)
