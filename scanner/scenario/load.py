"""Loads a scenario file: strict YAML, schema, then everything that one part says about another; all mistakes at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from scanner import data, ids, yamlfile
from scanner.errors import Problem, Span, UserError
from scanner.findings import AcceptedGap, Waiver
from scanner.scenario import parts
from scanner.scenario import read_people as people
from scanner.scenario import read_places as places
from scanner.scenario.model import Need, OwnRegion, Quota, Scenario, Scope
from scanner.scenario.reading import Reader

PATTERNS = (
    "single-environment", "multi-environment", "limited-and-production", "regional-training", "regional-serving",
    "regional-fine-tuning", "contoso",
)  # fmt: skip
_NEEDS_CAUSE = re.compile(r"(.*-)?(ACC|SOD)[0-9]*", re.IGNORECASE)  # of people's own, too


def load(path: Path, source: str | None = None) -> Scenario:
    """Loads a scenario. Raises UserError with every mistake, each with its line."""
    return from_document(yamlfile.read(path, source), path.parent)


def from_document(document: yamlfile.Document, folder: Path | None = None) -> Scenario:
    """A scenario from YAML that was read; `folder` is what `include` is relative to."""
    merged = _included(document, folder) if folder else document
    problems = yamlfile.check(merged, yamlfile.schema("scenario"))
    if problems:
        raise UserError(*problems)
    reader = Reader(merged)
    scenario = _scenario(reader)
    if reader.problems:
        raise UserError(*sorted(reader.problems, key=lambda p: p.where or Span(document.source)))
    return scenario


def _included(document: yamlfile.Document, folder: Path) -> yamlfile.Document:
    """The document with the maps and lists of its included files merged in; its own entries win."""
    if not isinstance(document.value, dict) or not isinstance(document.value.get("include"), list):
        return document
    value = dict(document.value)
    spans, keys = dict(document.spans), dict(document.keys)
    for number, name in enumerate(value["include"]):
        if not isinstance(name, str) or not (folder / name).is_file():
            raise UserError(Problem(f"no file `{name}` to include", document.span("include", number)))
        other = yamlfile.read(folder / name, data.shown(folder / name))
        if not isinstance(other.value, dict):
            raise UserError(Problem("a file to include is a map of keys, as a scenario is", other.span()))
        for key, part in other.value.items():
            if isinstance(part, dict) and isinstance(value.get(key, {}), dict):
                value[key] = {**part, **value.get(key, {})}
            elif key not in value:
                value[key] = part
            else:
                raise UserError(
                    Problem(f"`{key}` stands here and in a file that includes this one", other.key_span(key))
                )
        spans = {**other.spans, **spans}
        keys = {**other.keys, **keys}
    return yamlfile.Document(document.source, value, spans, keys)


def _scenario(reader: Reader) -> Scenario:
    v = reader.value
    keys = set(v) | {f"{key}.{inner}" for key in ("quota", "structure") for inner in v.get(key, {})}
    return Scenario(
        name=v["scenario"],
        title=v.get("title", ""),
        source=reader.document.source,
        span=reader.document.key_span("scenario"),
        patterns=_patterns(reader),
        keys=frozenset(keys),
        scope=tuple(_scope(reader, n, entry) for n, entry in enumerate(v.get("scope", ()))),
        environments=tuple(places.environment(reader, name, e) for name, e in v["environments"].items()),
        data_classes=tuple(places.data_class(reader, name, c) for name, c in v.get("data-classes", {}).items()),
        sites=tuple(places.site(reader, name, s) for name, s in v.get("sites", {}).items()),
        flows=tuple(places.flow(reader, n, f) for n, f in enumerate(v.get("flows", ()))),
        structure=places.structure(reader, v.get("structure", {})),
        roles=tuple(people.roles(reader, v.get("roles", {}))),
        administrators=tuple(people.administrators(reader, n, a) for n, a in enumerate(v.get("administrators", ()))),
        release=people.release(reader, v.get("release")),
        services=tuple(people.service(reader, n, s) for n, s in enumerate(v.get("services", ()))),
        shared=tuple(people.shared(reader, n, s) for n, s in enumerate(v.get("shared", ()))),
        catalogues=tuple((c["registry"], tuple(c["may"])) for c in v.get("catalogues", ())),
        break_glass=people.break_glass(reader, v.get("break-glass")),
        quota=_quota(reader, v.get("quota", {})),
        owner_tag=v.get("owners", {}).get("tag"),
        audience_tag=v.get("audience", {}).get("tag"),
        waivers=tuple(_waiver(reader, n, w) for n, w in enumerate(v.get("waivers", ()))),
        accepted_gaps=tuple(_accepted(reader, n, a) for n, a in enumerate(v.get("accepted-gaps", ()))),
        own_regions=tuple(
            OwnRegion(
                ids.fold_location(n),
                r.get("country", ""),
                tuple(r.get("boundary", ())),
                reader.document.key_span("regions", n),
            )
            for n, r in v.get("regions", {}).items()
        ),
        pattern_span=reader.document.span("pattern"),
    )


def _patterns(reader: Reader) -> tuple[str, ...]:
    given = reader.value["pattern"]
    listed = [given] if isinstance(given, str) else given
    for number, name in enumerate(listed):
        path = ("pattern",) if isinstance(given, str) else ("pattern", number)
        reader.known(str(name), set(PATTERNS), "a pattern", *path)
    return tuple(map(str, listed))


def _scope(reader: Reader, number: int, entry: dict[str, Any]) -> Scope:
    if "tenant" in entry and not ids.is_guid(entry["tenant"]):
        reader.wrong(f"`{entry['tenant']}` is not a tenant id", "scope", number, "tenant")
    return Scope(
        entry.get("tenant", "").lower(), tuple(entry.get("management-groups", ())), tuple(entry.get("subscriptions", ())),
        tuple(entry.get("except", ())), reader.document.span("scope", number),
    )  # fmt: skip


def _quota(reader: Reader, q: dict[str, Any]) -> Quota:
    needs = []
    for number, need in enumerate(q.get("needs", ())):
        path = ("quota", "needs", number)
        reader.known(need["site"], reader.sites, "a site", *path, "site")
        families = "family" in need and "cores" in need
        if families == ("model" in need and "units" in need):
            reader.wrong("a need names a `family` with `cores`, or a `model` with `units`", *path)
            continue
        name, amount = (need["family"], need["cores"]) if families else (need["model"], need["units"])
        needs.append(Need(need["site"], name, amount, need["for"], reader.document.span(*path), not families))
    spans = {key: reader.document.key_span("quota", key) for key in q}
    return Quota(
        q.get("headroom"),
        q.get("fair-share"),
        q.get("production-pool"),
        q.get("survive-region-loss"),
        tuple(needs),
        spans,
    )


def _waiver(reader: Reader, number: int, w: dict[str, Any]) -> Waiver:
    path = ("waivers", number)
    on = w["on"] if isinstance(w["on"], dict) else {}
    if isinstance(w["on"], dict):
        if "environment" not in on:
            reader.wrong("key `environment` is missing", *path, "on")
        else:
            reader.known(on["environment"], reader.environments, "an environment", *path, "on", "environment")
        if "class" in on:
            reader.known(on["class"], reader.classes, "a data class", *path, "on", "class")
    if _NEEDS_CAUSE.fullmatch(w["rule"]) and "cause" not in w:
        reader.wrong(f"a waiver of {w['rule']} needs a `cause`", *path, key=True,
                     help="copy the cause key from the report, or write `cause: any`")  # fmt: skip
    subject = parts.subject(w["on"]) if isinstance(w["on"], str) else ""
    cause = w.get("cause", "")
    of_scenario = w["rule"].startswith("SCN")  # what is wrong with a scenario is said in words, not by ids
    if cause not in ("", "any", "missing") and not of_scenario and not parts.is_key(cause):
        reader.wrong(
            f"`{cause}` is not a cause key", *path, "cause", help="copy it from the report, or write an object id"
        )
    policy = reader.value.get("waiver-policy", {})
    approvers = policy.get("approvers")
    if approvers is not None:
        reader.known(w["approved-by"], set(approvers), "an approver of `waiver-policy`", *path, "approved-by")
    return Waiver(
        w["rule"], subject, cause if cause == "any" else parts.subject(cause), w["reason"], w["approved-by"], reader.day(w["until"], *path, "until"),
        reader.document.span(*path), w.get("ticket", ""), on.get("environment", ""), on.get("class", ""),
        parts.days(policy.get("longest")), parts.days(policy.get("critical") or policy.get("longest")),
    )  # fmt: skip


def _accepted(reader: Reader, number: int, a: dict[str, Any]) -> AcceptedGap:
    path = ("accepted-gaps", number)
    scope = "tenant" if a["scope"] == "tenant" else ids.fold(a["scope"])
    return AcceptedGap(
        a["permission"], scope, a["reason"], reader.day(a["until"], *path, "until"), reader.document.span(*path)
    )
