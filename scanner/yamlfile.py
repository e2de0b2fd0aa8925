"""Strict YAML in which every value remembers its line and column, and schema checks that speak in those places.

Strict means: only `true` and `false` are booleans (so Norway survives), repeated keys, anchors and aliases, merge
keys, tags and several documents are errors, keys are text, and a file has a size limit. All mistakes are reported
together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from pathlib import Path
from typing import Any, cast

import yaml

from scanner.errors import Problem, Span, UserError, suggest

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
Path_ = tuple[str | int, ...]  # keys and indices from the root to a value

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
# no leading zeros: one reader takes `012` for twelve, another for ten, so it stays a word
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_FLATTER = f"nothing we read needs more than {MAX_DEPTH} levels"
_NULLS = {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data and the span of each value and key, found by its path from the root."""

    source: str
    value: Any
    spans: Mapping[Path_, Span]
    keys: Mapping[Path_, Span]

    def span(self, *path: str | int) -> Span:
        """Where a value begins; the nearest one above it when the value is not in the file."""
        for end in range(len(path), -1, -1):
            found = self.spans.get(path[:end])
            if found:
                return found
        return Span(self.source)

    def key_span(self, *path: str | int) -> Span:
        """Where the key of a value begins; the value's own place for list items."""
        return self.keys.get(path) or self.span(*path)


def read(path: Path, source: str | None = None) -> Document:
    """Reads a file. `source` is the name that messages use, the path as given when left out.

    Raises UserError with every mistake found.
    """
    name = source or str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(Problem(f"file is larger than {MAX_BYTES // 1024 // 1024} MiB", Span(name)))
        content = path.read_bytes()
    except OSError as error:
        why = (error.strerror or "no such file").lower()
        raise UserError(Problem(f"cannot read `{name}`: {why}", help="name a YAML file that may be read")) from error
    try:
        return parse(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(
            Problem("file is not UTF-8", Span(name, line), "save it as UTF-8; is it a YAML file at all?")
        ) from error


def parse(content: str, source: str) -> Document:
    """Reads YAML text; `source` is the name that messages use. Raises UserError with every mistake found."""
    try:
        problems = list(_refused(content, source))
        if problems:
            raise UserError(*problems)
        documents = list(yaml.compose_all(content, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Span(source, mark.line + 1, mark.column + 1) if mark else Span(source)
        said = error.problem or error.context or ""
        # libyaml 0.2.6 reads ahead and has a limit of its own, far beyond ours
        raise UserError(Problem("nested too deeply", where, _FLATTER) if "nesting depth" in said else
                        Problem(f"not YAML: {said}" if said else "not YAML", where, _syntax(content, where.line))) from error  # fmt: skip
    except yaml.YAMLError as error:
        raise UserError(
            Problem(f"not YAML: {str(error).splitlines()[0]}", Span(source), "save it as plain text in UTF-8")
        ) from error
    if len(documents) > 1:
        mark = documents[1].start_mark
        raise UserError(Problem("a second document in one file", Span(source, mark.line + 1, 1), "take out the line `---`, or make it a file of its own"))  # fmt: skip
    reader = _Reader(source)
    value = reader.value(documents[0], ()) if documents and documents[0] is not None else None
    if reader.problems:
        raise UserError(*sorted(reader.problems, key=lambda problem: problem.where or Span(source)))
    return Document(source, value, reader.spans, reader.keys)


def _refused(content: str, source: str) -> Iterator[Problem]:
    """What must not reach the composer: it recurses without a limit, follows aliases and forgets who wrote a tag."""
    depth = 0
    event: Any
    for event in yaml.parse(content, Loader=_Loader):
        here = Span(source, event.start_mark.line + 1, event.start_mark.column + 1)
        if getattr(event, "anchor", None) is not None:
            yield Problem("anchors and aliases are not allowed", here, "write the value out again")
        if getattr(event, "tag", None) is not None:
            yield Problem(f"tag `{event.tag}` is not allowed", here, "leave it out: values are texts, numbers, true, false, lists and maps")  # fmt: skip
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            yield Problem("nested too deeply", here, _FLATTER)
            return


def _syntax(content: str, line: int) -> str:
    """What most often breaks YAML around a line."""
    lines = content.splitlines()
    if any(text.lstrip(" ").startswith("\t") for text in lines[max(0, line - 2) : line]):
        return "indent with blanks; YAML takes no tabs"
    return "look at quotes, brackets, colons and indentation here and on the lines above"


_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):  # type: ignore[misc]  # PyYAML is configured by subclass
    """Composes nodes only; no constructor ever runs, so no tag can."""


class _Reader:
    """Turns composed nodes into plain data and collects places and mistakes on the way."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.spans: dict[Path_, Span] = {}
        self.keys: dict[Path_, Span] = {}
        self.problems: list[Problem] = []

    def value(self, node: yaml.Node, path: Path_) -> Any:
        self.spans[path] = self._place(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(cast(yaml.ScalarNode, node))

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self._wrong(place, "a key must be text", "a key is a word, or a text in quotes")
                continue
            key = key_node.value
            if key == "<<" and not key_node.style:
                self._wrong(place, "merge keys are not allowed", "write the entries out")
                continue
            if key in found:
                self._wrong(
                    place, f"key `{key}` is given twice", f"keep one; the first is at line {self.keys[*path, key].line}"
                )
                continue
            self.keys[(*path, key)] = place
            found[key] = self.value(value_node, (*path, key))
        return found

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        content: str = node.value
        if node.style:
            return content
        if content in ("true", "false"):
            return content == "true"
        if content in _NULLS:
            return None
        if _INT.fullmatch(content):
            return int(content) if len(content) < 20 else content
        if _FLOAT.fullmatch(content) and isfinite(float(content)):
            return float(content)
        return content

    def _place(self, node: yaml.Node) -> Span:
        return Span(self.source, node.start_mark.line + 1, node.start_mark.column + 1)

    def _wrong(self, where: Span, message: str, help: str = "") -> None:
        self.problems.append(Problem(message, where, help))


def check(document: Document, schema: Mapping[str, Any]) -> list[Problem]:
    """Checks a document against a JSON Schema (2020-12); every mistake, in the user's words, with its place."""
    problems = [
        problem
        for error in _validator(json.dumps(schema)).iter_errors(document.value)
        for problem in _explain(document, error)
    ]
    return sorted(set(problems), key=lambda problem: (problem.where or Span(document.source), problem.message))


@lru_cache(maxsize=4)
def schema_id(name: str) -> str:
    """Where editors find one of our schemas: its own `$id`."""
    from scanner import data

    return str(read(data.rules() / "schema" / f"{name}.schema.json").value["$id"])


@lru_cache(maxsize=16)
def _validator(schema: str) -> Any:
    import jsonschema

    extend: Any = jsonschema.validators.extend
    strict = extend(jsonschema.Draft202012Validator, {"pattern": _pattern})
    return strict(json.loads(schema))


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    """As JSON Schema means it: `$` is the end of the text, where Python's also stands before a last line break."""
    import jsonschema

    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


def _explain(document: Document, error: Any) -> list[Problem]:
    path = tuple(error.absolute_path)
    where = document.span(*path)
    name = f"`{path[-1]}`" if path and isinstance(path[-1], str) else "the value" if path else "the file"
    match error.validator:
        case "additionalProperties":
            known = set(error.schema.get("properties", {}))
            extra = [key for key in error.instance if key not in known]
            return [
                Problem(f"additional key `{key}`", document.key_span(*path, key), _near(key, known)) for key in extra
            ]
        case "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            return [Problem(f"key `{key}` is missing", where) for key in missing]
        case "enum":
            words = [str(word) for word in error.validator_value]
            listed = ", ".join(f"`{word}`" for word in words)
            help = suggest(str(error.instance), words)
            return [Problem(f"{_show(error.instance)} is not one of {listed}", where, help)]
        case "type":
            wanted = error.validator_value
            wanted = " or ".join(_TYPES[w] for w in ([wanted] if isinstance(wanted, str) else wanted))
            return [Problem(f"{name} must be {wanted}, not {_show(error.instance)}", where)]
        case "pattern":
            return [Problem(f"{_show(error.instance)} does not have the form {name} needs", where,
                            str(error.schema.get("description", "")))]  # fmt: skip
        case "minItems" | "minLength" | "minProperties" if error.validator_value > 1:
            return [Problem(f"{name} needs at least {error.validator_value} entries", where)]
        case "minItems" | "minLength" | "minProperties":
            return [Problem(f"{name} must not be empty", where)]
        case "propertyNames":
            return [Problem(f"{_show(error.instance)} cannot be a key here", document.key_span(*path))]
        case _:
            limit = f" ({error.validator} {error.validator_value})" if _plain(error.validator_value) else ""
            return [Problem(f"{name} is not allowed to be {_show(error.instance)}{limit}", where)]


_TYPES = {
    "object": "a map", "array": "a list", "string": "text", "number": "a number", "integer": "a whole number",
    "boolean": "`true` or `false`", "null": "empty",
}  # fmt: skip


def _near(key: str, known: set[str]) -> str:
    return suggest(key, known) or (f"known: {', '.join(f'`{k}`' for k in sorted(known))}" if known else "")


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float)


def _show(value: object) -> str:
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{str(value)[:80]}`"
