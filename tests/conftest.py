"""Options and fixtures of the test suite."""

from __future__ import annotations

import os

import pytest

# Many tests run the command in a process of its own: what it is made of is compiled once, as it is for its users.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite golden files; read the difference before you commit it"
    )
