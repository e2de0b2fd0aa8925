"""The configuration file: where it is found, what may be in it, and how it becomes option defaults.

Precedence: option, then environment variable `MLPOSTURE_*`, then this file, then the built-in default. Secrets
have no key here.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner import data
from scanner.errors import Problem, Span, UserError

if TYPE_CHECKING:
    from scanner import yamlfile

_NAMES = ("mlposture.yaml", "mlposture.yml", ".config/mlposture.yaml", ".config/mlposture.yml")
_LISTS = {"rules": "rules", "select": "select", "ignore": "ignore", "management-groups": "management_group",
          "subscriptions": "subscription", "resource-groups": "resource_group", "exclude": "exclude", "regions": "region"}  # fmt: skip
_PATHS = {"scenario", "baseline", "ca-bundle"}


def defaults(given: str | None) -> dict[str, Any]:
    """Click's default map from the configuration file that applies; empty when there is none.

    Raises UserError for a file that is missing (when named), wrong, or has unknown keys.
    """
    path = Path(given) if given else find(Path.cwd())
    if path is None:
        return {}
    from scanner import yamlfile  # only now: help and version find no file and stay fast

    document = _from_pyproject(path) if path.name == "pyproject.toml" else yamlfile.read(path, data.shown(path))
    if document.value is None:
        return {}
    problems = yamlfile.check(document, yamlfile.schema("config"))
    if problems:
        raise UserError(*problems)
    values = dict(_options(document.value, path.parent))
    collecting = {name: value for name, value in values.items() if name != "output"}  # where reports go, not snapshots
    asking = {name: value for name, value in collecting.items() if name != "format"}  # reports have other formats
    questions = dict.fromkeys(("who-can", "paths", "duties", "choke", "diff"), asking)
    # what speaks about rules knows the user's own, and all of them: a selection is about what is judged
    own = {name: values["rules"] for name in ("rules", "own") if "rules" in values}
    return {
        "scan": values,
        "snapshot": collecting,
        "doctor": collecting,
        "baseline": {"write": collecting},
        "access": questions,
        "coverage": {name: values[name] for name in ("rules", "select", "ignore") if name in values},
        "role": own,
        "explain": own,
        "rules": dict.fromkeys(("list", "show", "test"), own),
    }


def find(start: Path) -> Path | None:
    """The nearest configuration file from a folder upwards, not beyond the root of its repository."""
    for folder in (start, *start.parents):
        for name in _NAMES:
            if (folder / name).is_file():
                return folder / name
        project = folder / "pyproject.toml"
        if project.is_file() and os.access(project, os.R_OK) and b"[tool.mlposture" in project.read_bytes():
            return project
        if (folder / ".git").exists():
            return None
    return None


def _from_pyproject(path: Path) -> yamlfile.Document:
    from scanner import yamlfile

    source = data.shown(path)
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(Problem(f"not TOML: {error}", Span(source))) from error
    value = tool.get("mlposture", {}) if isinstance(tool, dict) else {}
    return yamlfile.Document(source, value, {(): Span(source)}, {})


def _options(values: dict[str, Any], folder: Path) -> Iterator[tuple[str, Any]]:
    """Keys of the file as names of options; relative paths are relative to the file."""
    for key, value in values.items():
        if key == "outputs":
            yield "output", tuple(f"{format}={folder / path}" for format, path in value.items())
        elif key == "rules":
            yield "rules", tuple(str(folder / path) for path in value)
        elif key in _PATHS:
            yield key.replace("-", "_"), str(folder / value)
        elif key == "cloud" and (folder / value).is_file():
            yield "cloud", str(folder / value)
        else:
            yield _LISTS.get(key, key.replace("-", "_")), tuple(value) if isinstance(value, list) else value
