"""Strict YAML in which every value remembers its line and column, and schema checks that speak in those places.

Strict means: only `true` and `false` are booleans (so Norway survives), repeated keys, anchors and aliases, merge
keys, tags and several documents are errors, keys are text, and a file has a size limit. All mistakes are reported
together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from scanner import data
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
    reader = _Reader(source)
    try:
        value = reader.read(yaml.parse(content, Loader=_Loader))
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
    problems = reader.refused or sorted(reader.problems, key=lambda problem: problem.where or Span(source))
    if problems:
        raise UserError(*problems)
    return Document(source, value, reader.spans, reader.keys)


_Loader: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # asked for events only: no constructor runs, so no tag can


def _syntax(content: str, line: int) -> str:
    """What most often breaks YAML around a line."""
    lines = content.splitlines()
    if any(text.lstrip(" ").startswith("\t") for text in lines[max(0, line - 2) : line]):
        return "indent with blanks; YAML takes no tabs"
    return "look at quotes, brackets, colons and indentation here and on the lines above"


class _TooDeep(Exception):
    """The file is not read any further."""


class _Reader:
    """Turns the events of a file into plain data, and collects places and mistakes on the way.

    It does without YAML's own composer, which recurses without a limit, follows aliases and forgets who wrote a tag.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.spans: dict[Path_, Span] = {}
        self.keys: dict[Path_, Span] = {}
        self.refused: list[Problem] = []  # what must not be read at all; while there is any, nothing else is said
        self.problems: list[Problem] = []
        self.depth = 0
        self.next: Callable[[], Any] = lambda: None

    def read(self, events: Iterable[Any]) -> Any:
        """The value of the one document; what is wrong is in `refused` and `problems`."""
        self.next = iter(events).__next__
        value, documents = None, 0
        try:
            while type(event := self.next()) is not yaml.StreamEndEvent:
                if type(event) is not yaml.DocumentStartEvent:
                    continue
                documents += 1
                root = self.next()
                if documents == 1:
                    value = self._value(root, ())
                else:
                    self._skip(root)
                if documents == 2:
                    place = Span(self.source, root.start_mark.line + 1)
                    help = "take out the line `---`, or make it a file of its own"
                    self.problems = [Problem("a second document in one file", place, help)]
        except _TooDeep:
            pass
        return value

    def _value(self, event: Any, path: Path_) -> Any:
        mark = event.start_mark
        self.spans[path] = place = Span(self.source, mark.line + 1, mark.column + 1)
        kind = type(event)
        if kind is yaml.ScalarEvent:
            if event.anchor is not None or event.tag is not None:
                self._refuse(event, place)
            return event.value if event.style else _plain_word(event.value)
        self._enter(event, place)
        found: Any = None
        if kind is yaml.MappingStartEvent:
            found = self._mapping(path)
        elif kind is yaml.SequenceStartEvent:
            found = []
            while type(item := self.next()) is not yaml.SequenceEndEvent:
                found.append(self._value(item, (*path, len(found))))
        self._leave(kind)
        return found

    def _mapping(self, path: Path_) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while type(event := self.next()) is not yaml.MappingEndEvent:
            mark = event.start_mark
            place = Span(self.source, mark.line + 1, mark.column + 1)
            if type(event) is not yaml.ScalarEvent:
                self._wrong(place, "a key must be text", "a key is a word, or a text in quotes")
                self._skip(event)
                self._skip(self.next())
                continue
            if event.anchor is not None or event.tag is not None:
                self._refuse(event, place)
            key = event.value
            if key == "<<" and not event.style:
                self._wrong(place, "merge keys are not allowed", "write the entries out")
            elif key in found:
                self._wrong(
                    place, f"key `{key}` is given twice", f"keep one; the first is at line {self.keys[*path, key].line}"
                )
            else:
                inner = (*path, key)
                self.keys[inner] = place
                found[key] = self._value(self.next(), inner)
                continue
            self._skip(self.next())
        return found

    def _skip(self, event: Any) -> None:
        """Past a value that nobody will see; what is refused is refused in there, too."""
        kind = type(event)
        self._enter(event, Span(self.source, event.start_mark.line + 1, event.start_mark.column + 1))
        if kind in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
            while type(item := self.next()) not in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
                self._skip(item)
        self._leave(kind)

    def _enter(self, event: Any, place: Span) -> None:
        self._refuse(event, place)
        if type(event) in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                self.refused.append(Problem("nested too deeply", place, _FLATTER))
                raise _TooDeep

    def _leave(self, kind: type) -> None:
        if kind in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
            self.depth -= 1

    def _refuse(self, event: Any, place: Span) -> None:
        if event.anchor is not None:
            self.refused.append(Problem("anchors and aliases are not allowed", place, "write the value out again"))
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.refused.append(
                Problem(
                    f"tag `{tag}` is not allowed",
                    place,
                    "leave it out: values are texts, numbers, true, false, lists and maps",
                )
            )

    def _wrong(self, where: Span, message: str, help: str = "") -> None:
        self.problems.append(Problem(message, where, help))


def _plain_word(content: str) -> Any:
    """What a word without quotes stands for."""
    if content in ("true", "false"):
        return content == "true"
    if content in _NULLS:
        return None
    if _INT.fullmatch(content):
        return int(content) if len(content) < 20 else content
    if _FLOAT.fullmatch(content) and isfinite(float(content)):
        return float(content)
    return content


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A JSON Schema (2020-12) that documents are checked against."""

    value: Mapping[str, Any]


@cache
def schema(name: str) -> Schema:
    """One of those that editors use: `rule`, `scenario` or `config`."""
    return Schema(json.loads((data.rules() / "schema" / f"{name}.schema.json").read_text(encoding="utf-8")))


def schema_id(name: str) -> str:
    """Where editors find one of our schemas: its own `$id`."""
    return str(schema(name).value["$id"])


def check(document: Document, schema: Schema) -> list[Problem]:
    """Checks a document against a schema; every mistake, in the user's words, with its place."""
    if _accepts(schema)(document.value):
        return []  # almost every file is right, and of a right one there is nothing to explain
    problems = [p for error in _validator(schema).iter_errors(document.value) for p in _explain(document, error)]
    return sorted(set(problems), key=lambda problem: (problem.where or Span(document.source), problem.message))


@lru_cache(maxsize=16)
def _accepts(schema: Schema) -> Callable[[Any], bool]:
    import jsonschema_rs  # says yes or no a hundred times as fast, and nothing we could put into a user's words

    accepts: Callable[[Any], bool] = jsonschema_rs.validator_for(dict(schema.value)).is_valid
    return accepts


@lru_cache(maxsize=16)
def _validator(schema: Schema) -> Any:
    import jsonschema  # only now: of a right file there is nothing to explain

    extend: Any = jsonschema.validators.extend
    return extend(jsonschema.Draft202012Validator, {"pattern": _pattern})(schema.value)


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
