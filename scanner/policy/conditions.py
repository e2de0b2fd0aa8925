"""Reads conditions: maps of attributes and matchers, checked against the types of the ontology."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scanner import ids, yamlfile
from scanner.errors import Problem, suggest
from scanner.graph.edges import ONTOLOGY
from scanner.graph.ontology import Attribute
from scanner.policy.model import All, Any_, Comparison, Condition, Not, Reference

MATCHERS = ("in", "at-most", "at-least", "matches", "present", "includes", "shares")
_GROUPS = ("any", "all", "not")
# which attribute types a matcher fits
_FITS = {
    "equals": {"text", "boolean", "number"},
    "in": {"text", "number"},
    "at-most": {"number", "set"},
    "at-least": {"number", "set"},
    "matches": {"text"},
    "present": {"text", "boolean", "number", "set"},
    "includes": {"set"},
    "shares": {"set"},
}
_TYPE_NAMES = {"text": "text", "boolean": "`true` or `false`", "number": "a number", "set": "a set of texts"}
_PYTHON: Mapping[str, tuple[type, ...]] = {"text": (str,), "set": (str,), "boolean": (bool,), "number": (int, float)}
# what a reference must be for a matcher; for the others, of the type of what it is compared with
_REFERS: Mapping[str, str] = {
    "in": "set", "shares": "set", "includes": "text", "matches": "text", "at-most": "number", "at-least": "number",
}  # fmt: skip
_ARM_PATH = re.compile(r"arm:[^.\[\]']+(\.[^.\[\]']+|\['[^']+'\]|\[\])*")
Path = tuple[str | int, ...]


class ConditionReader:
    """Turns the data of one rule file into conditions; mistakes go to the list it was given."""

    def __init__(self, document: yamlfile.Document, subject: str, problems: list[Problem]) -> None:
        self.document = document
        self.subject = subject
        self.problems = problems

    def read(self, given: Any, kind: str, path: Path) -> Condition:
        """A condition on nodes of a kind or union."""
        if not isinstance(given, dict):
            self._wrong("a condition is a map of attributes", path)
            return All(())
        if not given:
            self._wrong("an empty condition says nothing: it would hold for everything", path)
        parts = tuple(self._entry(key, value, kind, (*path, key)) for key, value in given.items())
        return parts[0] if len(parts) == 1 else All(parts)

    def _entry(self, key: str, value: Any, kind: str, path: Path) -> Condition:
        if key == "not":
            return Not(self.read(value, kind, path))
        if key in ("any", "all"):
            if not isinstance(value, list) or not value:
                self._wrong(f"`{key}` takes a list of conditions", path)
                return All(())
            parts = tuple(self.read(part, kind, (*path, n)) for n, part in enumerate(value))
            return Any_(parts) if key == "any" else All(parts)
        return self._test(key, value, kind, path)

    def _test(self, name: str, given: Any, kind: str, path: Path) -> Condition:
        attribute = self._attribute(name, kind, path)
        matcher, value, place = "equals", given, path
        if isinstance(given, dict):
            if len(given) != 1:
                self._wrong("a matcher is exactly one word and its value", path)
                return All(())
            ((matcher, value),) = given.items()
            place = (*path, matcher)
            if matcher not in MATCHERS:
                listed = ", ".join(f"`{known}`" for known in MATCHERS)
                self._wrong(f"`{matcher}` is not a matcher; known: {listed}", place, key=True)
                return All(())
        if attribute is None:
            return All(())
        if name.startswith("arm:") and matcher in ("includes", "shares"):
            attribute = Attribute(name, "set", "")
        if attribute.type not in _FITS[matcher] and (attribute.type == "set" or not name.startswith("arm:")):
            word = f"`{matcher}`" if matcher != "equals" else "a plain value"
            self._wrong(
                f"{word} does not fit `{name}`, which is {_TYPE_NAMES.get(attribute.type, 'not for rules')}", place
            )
            return All(())
        return Comparison(name, matcher, self._value(value, matcher, attribute, place))  # type: ignore[arg-type]

    def _attribute(self, name: str, kind: str, path: Path) -> Attribute | None:
        if name.startswith("arm:"):
            if not _ARM_PATH.fullmatch(name):
                self._wrong(f"`{name}` is not a path", path, key=True,
                            help="as in `arm:properties.networkAcls.defaultAction`, `arm:properties.rules[].id` or `arm:tags['cost.owner']`")  # fmt: skip
            return Attribute(name, "set" if "[]" in name else "text", "")
        found = ONTOLOGY.attribute(kind, name)
        if found is None or found.type in ("map", "opaque"):
            known = {a for k in ONTOLOGY.members(kind) for a, d in ONTOLOGY.kinds[k].attributes.items()}
            self._wrong(f"a `{kind}` has no attribute `{name}`", path, help=suggest(name, known), key=True)
            return None
        return found

    def _value(self, value: Any, matcher: str, attribute: Attribute, path: Path) -> Any:
        if isinstance(value, str) and value.startswith("$"):
            return self._reference(value, matcher, attribute, path)
        if matcher == "present":
            self._is(isinstance(value, bool), "`present` takes `true` or `false`", path)
            return value
        if matcher in ("at-most", "at-least"):
            self._is(_number(value), f"`{matcher}` takes a number", path)
            return value
        if matcher in ("in", "shares"):
            if not self._is(isinstance(value, list) and bool(value), f"`{matcher}` takes a list", path):
                return frozenset()
            return frozenset(self._word(item, attribute, (*path, n)) for n, item in enumerate(value))
        if value is None:
            self._wrong("nothing can equal nothing", path, help="use `present: false`")
            return None
        return self._word(value, attribute, path)

    def _word(self, value: Any, attribute: Attribute, path: Path) -> Any:
        if isinstance(value, str) and value.startswith("$"):
            self._wrong(
                f"`{value}` has no place in a list", path, help="to refer to a set, write it instead of the list"
            )
        if attribute.name.startswith("arm:") and attribute.type != "set":
            self._is(isinstance(value, str | int | float), "a value is text, a number, or `true` or `false`", path)
            return value if isinstance(value, str | int | float) else ""
        wanted = _PYTHON[attribute.type]
        fits = isinstance(value, wanted) and (attribute.type == "boolean" or not isinstance(value, bool))
        if not self._is(fits, f"`{attribute.name}` is {_TYPE_NAMES[attribute.type]}, not `{value}`", path):
            return ""
        if attribute.values and value not in attribute.values:
            listed = ", ".join(f"`{word}`" for word in attribute.values)
            self._wrong(f"`{value}` is not one of {listed}", path, help=suggest(value, set(attribute.values)))
        return ids.fold(value)[1:] if attribute.name == "type" else value

    def _reference(self, text: str, matcher: str, attribute: Attribute, path: Path) -> Any:
        head, _, name = text.partition(".")
        found = ONTOLOGY.attribute(self.subject, name)
        if head != "$subject" or not name:
            self._wrong(f"`{text}` stands for nothing", path, help="only `$subject.<attribute>` can be referred to")
        elif matcher == "present":
            self._wrong("`present` takes `true` or `false`", path)
        elif found is None:
            known = {a for kind in ONTOLOGY.members(self.subject) for a in ONTOLOGY.kinds[kind].attributes}
            self._wrong(f"a `{self.subject}` has no attribute `{name}`", path, help=suggest(name, known))
        elif found.type != _REFERS.get(matcher, attribute.type) and not (
            matcher == "equals" and attribute.name.startswith("arm:")
        ):
            self._wrong(f"`{text}` is {_TYPE_NAMES.get(found.type, 'not for rules')}, which does not fit here", path)
        return Reference(name)

    def _is(self, fine: bool, message: str, path: Path) -> bool:
        if not fine:
            self._wrong(message, path)
        return fine

    def _wrong(self, message: str, path: Path, help: str = "", key: bool = False) -> None:
        where = self.document.key_span(*path) if key else self.document.span(*path)
        self.problems.append(Problem(message, where, help))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def could_be(value: Any, attribute: Attribute) -> bool:
    """Whether an example may give an attribute this value; null stands for what was read and is absent."""
    if value is None:
        return True
    if attribute.type == "set":
        return isinstance(value, list) and all(_is_word(item, attribute) for item in value)
    if attribute.type == "number":
        return _number(value)
    return isinstance(value, bool) if attribute.type == "boolean" else _is_word(value, attribute)


def could_be_arm(value: Any) -> bool:
    """The same for an `arm:` property: a scalar, or a set of texts."""
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return value is None or isinstance(value, str | int | float)


def described(attribute: Attribute) -> str:
    """What an attribute takes, in words."""
    if attribute.values:
        return f"one of {', '.join(f'`{word}`' for word in attribute.values)}"
    return _TYPE_NAMES.get(attribute.type, "not for rules")


def _is_word(value: Any, attribute: Attribute) -> bool:
    return attribute.type in ("text", "set") and isinstance(value, str) and value in (attribute.values or (value,))
