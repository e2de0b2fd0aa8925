"""A new rule as text: a small true sentence with the examples that prove it, for its author to go on from."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from scanner.errors import UserError, suggest
from scanner.graph.edges import ONTOLOGY
from scanner.graph.ontology import Attribute
from scanner.yamlfile import schema_id
from scanner.yamltext import quoted

_OWN_ID = re.compile(r"[A-Z][A-Z0-9]*-[A-Z]{3}[0-9]{2}")
_FORBIDDING = ("no", "not", "never", "require", "ensure", "deny", "forbid", "disallow", "must")


def file_name(title: str) -> str:
    """The name of a rule's file: it says what is found, and reads after "allow"."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    while words and words[0] in ("a", "an", "the"):
        words = words[1:]
    if not words:
        raise UserError(f"`{title}` is not a title", help="say what the rule finds, as in `Store without an owner`")
    if words[0] in _FORBIDDING:
        raise UserError(
            f"the title begins with `{words[0]}`", help="say what is found, not what to do: it must read after `allow`"
        )
    return "-".join(words)


def template(id: str, title: str, *, subject: str, arm_type: str, attribute: str, severity: str) -> str:
    """The file. Raises UserError for words the ontology does not have, or an id that is not somebody's own."""
    if not _OWN_ID.fullmatch(id):
        raise UserError(f"`{id}` is not an id for a rule of your own",
                        help="a prefix of yours, three letters and two digits, as in `ACME-RES01`")  # fmt: skip
    if subject not in ONTOLOGY.kinds and subject not in ONTOLOGY.unions:
        raise UserError(
            f"`{subject}` is not a kind of node", help=suggest(subject, {*ONTOLOGY.kinds, *ONTOLOGY.unions})
        )
    if arm_type and subject != "resource":
        raise UserError("`--type` goes with `--for resource`", help=f"a `{subject}` is of one type already")
    kind = ONTOLOGY.members(subject)[0]
    wanted = attribute or _first(kind, subject)
    if wanted in ("name", "kind", "type"):
        raise UserError(f"every node has a `{wanted}`", help="name an attribute that may be wrong with `--attribute`")
    if wanted.startswith("arm:"):
        condition, bad, good = "{present: true}", "null", "[ana]" if "[]" in wanted else "ana"
    else:
        found = ONTOLOGY.attribute(subject, wanted)
        if found is None:
            raise UserError(
                f"a `{subject}` has no attribute `{wanted}`", help=suggest(wanted, set(ONTOLOGY.kinds[kind].attributes))
            )
        condition, bad, good = _values(found)
    return "\n".join(_lines(id, title, subject, kind, arm_type, wanted, severity, (condition, bad, good))) + "\n"


def _first(kind: str, subject: str) -> str:
    """What a first sentence can be about: the owner's tag of a resource, else an attribute that is true or false."""
    if subject == "resource":
        return "arm:tags.owner"
    attributes = {
        name: a for name, a in ONTOLOGY.kinds[kind].attributes.items() if ONTOLOGY.attribute(subject, name) is not None
    }
    for type in ("boolean", "text", "number", "set"):
        for name, a in attributes.items():
            if a.type == type and name != "name":
                return name
    raise UserError(f"a `{subject}` has nothing to ask of", help="name a path with `--attribute arm:...`")


def _values(attribute: Attribute) -> tuple[str, str, str]:
    """(condition, a value that breaks it, one that keeps it)."""
    if attribute.type == "boolean":
        return "true", "false", "true"
    if attribute.type == "number":
        return "{at-most: 10}", "11", "10"
    if attribute.type == "set":
        return "{present: true}", "[]", f"[{attribute.values[0] if attribute.values else 'one'}]"
    if attribute.type == "text" and len(attribute.values) > 1:
        return quoted(attribute.values[0]), quoted(attribute.values[1]), quoted(attribute.values[0])
    if attribute.type == "text":
        return "{present: true}", "null", "some"
    raise UserError(f"`{attribute.name}` is nothing a rule can compare")


def _lines(
    id: str,
    title: str,
    subject: str,
    kind: str,
    arm_type: str,
    attribute: str,
    severity: str,
    values: tuple[str, str, str],
) -> Iterator[str]:
    condition, bad, good = values
    key = f'"{attribute}"' if attribute.startswith("arm:") else attribute
    where = f"type: {arm_type.lower()}, " if arm_type else ""
    yield f"# yaml-language-server: $schema={schema_id('rule')}"
    yield f"id: {id}"
    yield f"title: {quoted(title)}"
    yield f"severity: {severity}"
    yield "why: >"
    yield "  Say in one breath what goes wrong when nobody looks after this."
    yield "fix: >"
    yield "  Say the concrete step that mends it."
    yield "# controls: [NIST-800-53:CM-6]"
    yield ""
    yield f"for: {subject}"
    if arm_type:
        yield f"where: {{type: {arm_type}}}"
    yield f"must: {{{key}: {condition}}}"
    yield f'message: "{{subject}}: {attribute} is not as it should be"'
    yield ""
    yield "examples:"
    yield from textwrap.indent(
        f"""\
fails:
  - case: say what is wrong in a few words
    nodes:
      one: {{kind: {kind}, {where}{key}: {bad}}}
passes:
  - case: as it should be
    nodes:
      one: {{kind: {kind}, {where}{key}: {good}}}""",
        "  ",
    ).splitlines()
    if arm_type:
        yield "    - case: a resource of another type"
        yield "      nodes:"
        yield f"        other: {{kind: {kind}, type: microsoft.example/others, {key}: {bad}}}"
    yield "  unknown:"
    yield "    - case: it could not be read"
    yield "      nodes:"
    yield f"        one: {{kind: {kind}, {where.rstrip(', ')}}}".replace(", }", "}")
