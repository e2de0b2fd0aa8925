"""Says of data, quickly, that it is what a JSON Schema asks; never why not, which `yamlfile` asks jsonschema about.

Almost every file that is read is right, and of a right one there is nothing to explain. A schema is turned once into
functions that hold a value against it; what they do not surely accept, the full validator decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from typing import Any

Test = Callable[[Any], bool]
Schema = Mapping[str, Any]

# What says nothing about a value, and what is looked up when something refers to it.
_SILENT = {"$schema", "$id", "$defs", "title", "description"}
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: type(value) is dict,
    "array": lambda value: type(value) is list,
    "string": lambda value: type(value) is str,
    "number": lambda value: type(value) is int or type(value) is float,
    "integer": lambda value: type(value) is int,
    "boolean": lambda value: type(value) is bool,
    "null": lambda value: value is None,
}


def acceptor(schema: Schema) -> Test:
    """A function that is true only for data the schema accepts; false where it refuses, or where this module is not sure."""
    return _Compiler(schema).test(schema)


def anchored(pattern: str) -> re.Pattern[str]:
    """As JSON Schema means it: `$` is the end of the text, where Python's also stands before a last line break."""
    return re.compile(re.sub(r"\$$", r"\\Z", pattern))


class _Compiler:
    def __init__(self, root: Schema) -> None:
        self.root = root
        self.named: dict[str, Test] = {}

    def test(self, schema: Any) -> Test:
        if schema is True:
            return lambda value: True
        if not isinstance(schema, Mapping):
            return lambda value: False
        tests: list[Test] = []
        for keyword, wanted in schema.items():
            if keyword in _SILENT or (keyword == "additionalProperties" and "properties" in schema):
                continue
            make = _MAKERS.get(keyword)
            if make is None:
                return lambda value: False  # a word this module does not know
            tests.append(make(self, wanted, schema))
        return _all(tests)

    def reference(self, wanted: str, _: Schema) -> Test:
        """What `$defs` says; looked up when first met, so that a schema may refer to itself."""
        name = wanted.removeprefix("#/$defs/")
        if name == wanted or name not in self.root.get("$defs", {}):
            return lambda value: False
        if name not in self.named:
            self.named[name] = lambda value: self.named[name](value)
            self.named[name] = self.test(self.root["$defs"][name])
        return self.named[name]

    def properties(self, wanted: Schema, schema: Schema) -> Test:
        known = {key: self.test(inner) for key, inner in wanted.items()}
        other = self.test(schema.get("additionalProperties", True))

        def test(value: Any) -> bool:
            return type(value) is not dict or all(known.get(key, other)(inner) for key, inner in value.items())

        return test

    def additional(self, wanted: Any, _: Schema) -> Test:
        inner = self.test(wanted)
        return lambda value: type(value) is not dict or all(map(inner, value.values()))

    def items(self, wanted: Any, _: Schema) -> Test:
        inner = self.test(wanted)
        return lambda value: type(value) is not list or all(map(inner, value))

    def type(self, wanted: str | list[str], _: Schema) -> Test:
        named = [wanted] if isinstance(wanted, str) else wanted
        tests = [_TYPES[name] for name in named if name in _TYPES]
        return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)

    def enum(self, wanted: list[Any], _: Schema) -> Test:
        words = {word for word in wanted if type(word) is str}
        return lambda value: type(value) is str and value in words

    def pattern(self, wanted: str, _: Schema) -> Test:
        search = anchored(wanted).search
        return lambda value: type(value) is not str or search(value) is not None

    def required(self, wanted: list[str], _: Schema) -> Test:
        return lambda value: type(value) is not dict or all(key in value for key in wanted)


def _all(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) and second(value)
    return lambda value: all(test(value) for test in tests)


def _size(kind: type[Sized], limit: int, least: bool) -> Test:
    if least:
        return lambda value: type(value) is not kind or len(value) >= limit
    return lambda value: type(value) is not kind or len(value) <= limit


def _number(value: Any) -> bool:
    return type(value) is int or type(value) is float


Maker = Callable[[_Compiler, Any, Schema], Test]
_MAKERS: Mapping[str, Maker] = {
    "$ref": _Compiler.reference,
    "properties": _Compiler.properties,
    "additionalProperties": _Compiler.additional,
    "items": _Compiler.items,
    "type": _Compiler.type,
    "enum": _Compiler.enum,
    "pattern": _Compiler.pattern,
    "required": _Compiler.required,
    "minItems": lambda _, limit, __: _size(list, limit, True),
    "maxItems": lambda _, limit, __: _size(list, limit, False),
    "minLength": lambda _, limit, __: _size(str, limit, True),
    "minProperties": lambda _, limit, __: _size(dict, limit, True),
    "minimum": lambda _, limit, __: lambda value: not _number(value) or value >= limit,
    "maximum": lambda _, limit, __: lambda value: not _number(value) or value <= limit,
}
