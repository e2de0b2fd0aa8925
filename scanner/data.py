"""Finds what ships beside the code (rules, schemas, the demo tenant): the only module that knows where it is."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

_PACKAGE = Path(str(resources.files("scanner")))


def _folder(in_checkout: str, in_wheel: str) -> Path:
    """The checkout's folder when the code runs from one, else what the wheel carries."""
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / in_checkout).is_dir():
        return checkout / in_checkout
    return _PACKAGE / "_data" / in_wheel


def rules() -> Path:
    return _folder("rules", "rules")


def scenarios() -> Path:
    return rules() / "scenarios"


def duties() -> Path:
    return rules() / "duties.yaml"


def reports() -> Path:
    return _folder("reports", "reports")


def demo_tenant() -> Path:
    return _folder("fixtures/tenants/contoso", "tenants/contoso")


def shown(path: Path) -> str:
    """A path as people should see it: relative to where they stand when it lies below, as given otherwise."""
    try:
        return str(Path(os.path.realpath(path)).relative_to(Path.cwd()))
    except (ValueError, FileNotFoundError):
        return str(path)
