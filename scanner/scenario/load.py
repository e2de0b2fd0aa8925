"""Loads a scenario file: strict YAML, schema, then everything that one part says about another; all mistakes at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from scanner import data, ids, regions, yamlfile
from scanner.errors import Problem, Span, UserError, suggest
from scanner.findings import AcceptedGap, Waiver
from scanner.graph.ontology import STAGES
from scanner.scenario import parts
from scanner.scenario.model import (
    Administrators,
    BreakGlass,
    DataClass,
    Environment,
    Flow,
    Need,
    OwnRegion,
    Place,
    Quota,
    Release,
    RoleRow,
    Scenario,
    Scope,
    Service,
    Shared,
    Site,
    Structure,
)  # fmt: skip

PATTERNS = (
    "single-environment", "multi-environment", "limited-and-production", "regional-training", "regional-serving",
    "regional-fine-tuning", "contoso",
)  # fmt: skip
_NEEDS_CAUSE = re.compile(r"(.*-)?(ACC|SOD)[0-9]*", re.IGNORECASE)  # of people's own, too
_TOKEN = re.compile(r"\{([^{}]*)\}")


def load(path: Path, source: str | None = None) -> Scenario:
    """Loads a scenario. Raises UserError with every mistake, each with its line."""
    return from_document(yamlfile.read(path, source), path.parent)


def from_document(document: yamlfile.Document, folder: Path | None = None) -> Scenario:
    """A scenario from YAML that was read; `folder` is what `include` is relative to."""
    merged = _included(document, folder) if folder else document
    problems = yamlfile.check(merged, yamlfile.schema("scenario"))
    if problems:
        raise UserError(*problems)
    reader = _Reader(merged)
    scenario = reader.scenario()
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


class _Reader:
    """Collects mistakes while it turns data into a scenario."""

    def __init__(self, document: yamlfile.Document) -> None:
        self.document = document
        self.value: dict[str, Any] = document.value
        self.problems: list[Problem] = []
        self.environments = set(self.value["environments"])
        self.classes = set(self.value.get("data-classes", {}))
        self.sites = set(self.value.get("sites", {}))
        self.own_regions: Mapping[str, Any] = {
            ids.fold_location(name): facts for name, facts in self.value.get("regions", {}).items()
        }

    def wrong(self, message: str, *path: str | int, help: str = "", key: bool = False) -> None:
        where = self.document.key_span(*path) if key else self.document.span(*path)
        self.problems.append(Problem(message, where, help))

    def known(self, name: str, among: set[str], what: str, *path: str | int) -> None:
        if name not in among:
            listed = suggest(name, among) or (f"known: {', '.join(f'`{n}`' for n in sorted(among))}" if among else "")
            self.wrong(f"`{name}` is not {what}", *path, help=listed)

    def all_known(self, names: list[str], among: set[str], what: str, *path: str | int) -> tuple[str, ...]:
        for number, name in enumerate(names):
            self.known(name, among, what, *path, number)
        return tuple(names)

    # -- the whole ------------------------------------------------------------------------------------------------

    def scenario(self) -> Scenario:
        v = self.value
        keys = set(v) | {f"{key}.{inner}" for key in ("quota", "structure") for inner in v.get(key, {})}
        return Scenario(
            name=v["scenario"],
            title=v.get("title", ""),
            source=self.document.source,
            span=self.document.key_span("scenario"),
            patterns=self._patterns(),
            keys=frozenset(keys),
            scope=tuple(self._scope(n, entry) for n, entry in enumerate(v.get("scope", ()))),
            environments=tuple(self._environment(name, e) for name, e in v["environments"].items()),
            data_classes=tuple(self._class(name, c) for name, c in v.get("data-classes", {}).items()),
            sites=tuple(self._site(name, s) for name, s in v.get("sites", {}).items()),
            flows=tuple(self._flow(n, f) for n, f in enumerate(v.get("flows", ()))),
            structure=self._structure(v.get("structure", {})),
            roles=tuple(self._roles(v.get("roles", {}))),
            administrators=tuple(self._administrators(n, a) for n, a in enumerate(v.get("administrators", ()))),
            release=self._release(v.get("release")),
            services=tuple(self._service(n, s) for n, s in enumerate(v.get("services", ()))),
            shared=tuple(self._shared(n, s) for n, s in enumerate(v.get("shared", ()))),
            catalogues=tuple((c["registry"], tuple(c["may"])) for c in v.get("catalogues", ())),
            break_glass=self._break_glass(v.get("break-glass")),
            quota=self._quota(v.get("quota", {})),
            owner_tag=v.get("owners", {}).get("tag"),
            audience_tag=v.get("audience", {}).get("tag"),
            waivers=tuple(self._waiver(n, w) for n, w in enumerate(v.get("waivers", ()))),
            accepted_gaps=tuple(self._accepted(n, a) for n, a in enumerate(v.get("accepted-gaps", ()))),
            own_regions=tuple(
                OwnRegion(
                    ids.fold_location(n),
                    r.get("country", ""),
                    tuple(r.get("boundary", ())),
                    self.document.key_span("regions", n),
                )
                for n, r in v.get("regions", {}).items()
            ),
            pattern_span=self.document.span("pattern"),
        )

    def _patterns(self) -> tuple[str, ...]:
        given = self.value["pattern"]
        listed = [given] if isinstance(given, str) else given
        for number, name in enumerate(listed):
            path = ("pattern",) if isinstance(given, str) else ("pattern", number)
            self.known(str(name), set(PATTERNS), "a pattern", *path)
        return tuple(map(str, listed))

    def _scope(self, number: int, entry: dict[str, Any]) -> Scope:
        if "tenant" in entry and not ids.is_guid(entry["tenant"]):
            self.wrong(f"`{entry['tenant']}` is not a tenant id", "scope", number, "tenant")
        return Scope(
            entry.get("tenant", "").lower(), tuple(entry.get("management-groups", ())), tuple(entry.get("subscriptions", ())),
            tuple(entry.get("except", ())), self.document.span("scope", number),
        )  # fmt: skip

    def _environment(self, name: str, e: dict[str, Any]) -> Environment:
        path = ("environments", name)
        stage = e.get("stage", name)
        if stage not in STAGES:
            self.wrong(f"environment `{name}` needs a stage, since its name is none", *path, key=True,
                       help=f"`stage:` is one of {', '.join(f'`{s}`' for s in STAGES)}")  # fmt: skip
        classes = self.all_known(e.get("data", []), self.classes, "a data class", *path, "data")
        if "default-class" in e:
            self.known(e["default-class"], self.classes, "a data class", *path, "default-class")
            if classes and e["default-class"] not in classes:
                self.wrong(f"default class `{e['default-class']}` may not be in this environment", *path, "default-class",
                           help="add it to `data`")  # fmt: skip
        return Environment(
            name, stage, parts.match(e["match"]), classes, e.get("default-class"), e.get("live", False), e.get("lock"),
            tuple(e.get("tags", ())), self.document.key_span(*path),
        )  # fmt: skip

    def _class(self, name: str, c: dict[str, Any]) -> DataClass:
        path = ("data-classes", name)
        home = self._place(c.get("home"), *path, "home")
        return DataClass(
            name, parts.match(c.get("match", {})), home, self._place(c.get("processing"), *path, "processing"),
            c.get("platform-replication", "allow"), c.get("production-only", False), c.get("owner"), self.document.key_span(*path),
        )  # fmt: skip

    def _place(self, given: dict[str, Any] | None, *path: str | int) -> Place | None:
        if given is None:
            return None
        table = regions.all()
        countries = {r.country for r in table.values()} | {r.iso for r in table.values()}
        countries |= {facts["country"] for facts in self.own_regions.values() if "country" in facts}
        checks = {
            "region": set(table) | set(self.own_regions),
            "country": countries,
            "geography": {r.geography for r in table.values()},
        }
        for unit, among in checks.items():
            for number, name in enumerate(given.get(unit, ())):
                fold = ids.fold_location if unit == "region" else str.lower
                if fold(name) not in {fold(word) for word in among}:
                    near = suggest(name, among)
                    self.wrong(f"`{name}` is not a {unit} Azure has", *path, unit, number, help=near)
        found = regions.within(
            given.get("region", ()), given.get("country", ()), given.get("geography", ()), given.get("boundary", ())
        )
        wanted_countries = {c.lower() for c in given.get("country", ())}
        found |= {
            name for name, facts in self.own_regions.items()
            if str(facts.get("country", "")).lower() in wanted_countries or set(facts.get("boundary", ())) & set(given.get("boundary", ()))
        }  # fmt: skip
        if not any(given.values()):
            self.wrong("a place needs a region, country, geography or boundary: nothing could ever be there", *path)
        named = [str(name) for unit in ("region", "country", "geography", "boundary") for name in given.get(unit, ())]
        words = " or ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))
        return Place(words, frozenset(found), self.document.key_span(*path))

    def _site(self, name: str, s: dict[str, Any]) -> Site:
        path = ("sites", name)
        region = ids.fold_location(s["region"])
        self.known(region, set(regions.all()) | set(self.own_regions), "a region Azure has", *path, "region")
        classes = self.all_known(s.get("data", []), self.classes, "a data class", *path, "data")
        return Site(
            name, region, tuple(s["does"]), classes, tuple(s.get("audience", ())), self.document.key_span(*path)
        )

    def _flow(self, number: int, f: dict[str, Any]) -> Flow:
        path = ("flows", number)
        for end in ("from", "to"):
            self.known(f[end], self.sites | self.environments, "a site or an environment", *path, end)
        for key in ("class", "becomes"):
            if key in f:
                self.known(f[key], self.classes, "a data class", *path, key)
        if "until" in f:
            self._date(f["until"], *path, "until")
        return Flow(
            f["what"], f["from"], f["to"], f.get("class"), f.get("becomes"), f.get("approved-by"), f.get("until"), self.document.span(*path)
        )  # fmt: skip

    def _structure(self, s: dict[str, Any]) -> Structure:
        for name in s.get("shared-workspaces", {}):
            self.known(name, self.environments, "an environment", "structure", "shared-workspaces", name)
        for name, how in s.get("keys", {}).items():
            if not how:
                self.wrong(
                    f"nothing says where `{name}` is read from",
                    "structure",
                    "keys",
                    name,
                    help="write a `tag` or a `name`",
                )
        return Structure(
            s.get("workspace-per"), s.get("resource-group-per"), s.get("keys", {}), tuple(s.get("created-by", ())), s.get("cost-tag"),
            s.get("shared-workspaces", {}), {key: self.document.key_span("structure", key) for key in s},
        )  # fmt: skip

    def _roles(self, roles: dict[str, Any]) -> list[RoleRow]:
        rows = []
        for role, by_environment in roles.items():
            for environment, row in by_environment.items():
                path = ("roles", role, environment)
                if environment not in self.environments:
                    self.wrong(
                        f"`{environment}` is not an environment",
                        *path,
                        help=suggest(environment, self.environments),
                        key=True,
                    )
                if ("group" in row) == ("workload" in row):
                    self.wrong("a role row names a `group` or a `workload`, one of them", *path, key=True)
                    continue
                key = "group" if "group" in row else "workload"
                self._tokens(row[key], *path, key)
                reads = self.all_known(row.get("reads", []), self.classes, "a data class", *path, "reads")
                guests = row.get("guests", {})
                if "until" in guests:
                    self._date(guests["until"], *path, "guests", "until")
                rows.append(RoleRow(
                    role, environment, row[key], key == "workload", tuple(row.get("duties", ())), reads, row.get("by"), parts.days(row.get("expires")),
                    parts.days(row.get("review")), tuple(row["ways"]) if "ways" in row else None, tuple(guests.get("domains", ())),
                    self._countries(row.get("from", ()), *path, "from"), row.get("purpose"), row.get("mastered"), row.get("activation", {}), self.document.key_span(*path),
                ))  # fmt: skip
        return rows

    def _countries(self, given: Sequence[str], *path: str | int) -> tuple[str, ...]:
        """Countries as accounts are compared with them."""
        found = []
        for number, name in enumerate(given):
            country = regions.country(name)
            if country is None:
                self.wrong(
                    f"`{name}` is no country with an Azure region",
                    *path,
                    number,
                    help="write its two letters, as in `PT`",
                )
            found.append(country or name)
        return tuple(found)

    def _tokens(self, name: str, *path: str | int) -> None:
        keys = list(self.value.get("structure", {}).get("keys", {}))
        for token in _TOKEN.findall(name):
            if token not in keys:
                self.wrong(
                    f"`{{{token}}}` is filled from `structure.keys`, which has no `{token}`",
                    *path,
                    help=suggest(token, keys),
                )
            elif token != keys[0]:
                # a resource has one unit: filled with another key's values, the name would approve a stranger
                self.wrong(f"`{{{token}}}` is not filled: names take the first of `structure.keys`, `{keys[0]}`", *path)

    def _administrators(self, number: int, a: dict[str, Any]) -> Administrators:
        path = ("administrators", number)
        over = self.all_known(a["over"], self.environments, "an environment", *path, "over")
        self._once("administrators", "group", number)
        return Administrators(
            a["group"], over, tuple(a["duties"]), a.get("by"), a.get("approval"), a.get("at-most"), self.document.span(*path)
        )  # fmt: skip

    def _once(self, part: str, key: str, number: int) -> None:
        """A second entry of one name would take the place of the first."""
        entries = self.value[part]
        if any(other[key].lower() == entries[number][key].lower() for other in entries[:number]):
            self.wrong(f"`{entries[number][key]}` stands here twice", part, number, key)

    def _release(self, r: dict[str, Any] | None) -> Release | None:
        if r is None:
            return None
        self._tokens(r["workload"], "release", "workload")
        return Release(
            r["workload"],
            tuple(r.get("subjects", ())),
            tuple(r.get("approvers", ())),
            self.document.key_span("release"),
        )

    def _service(self, number: int, s: dict[str, Any]) -> Service:
        path = ("services", number)
        self._once("services", "name", number)
        if ("principal" in s) == ("identity-of" in s):
            self.wrong("a service names a `principal` or an `identity-of`, one of them", *path)
        where = self.all_known(s["where"], self.environments, "an environment", *path, "where")
        return Service(
            s["name"], s.get("principal"), s.get("identity-of"), tuple(s["may"]), where, self.document.span(*path)
        )

    def _shared(self, number: int, s: dict[str, Any]) -> Shared:
        path = ("shared", number)
        self._once("shared", "on", number)
        used_by = self.all_known(s.get("used-by", []), self.environments, "an environment", *path, "used-by")
        if "region" in s:
            self.known(
                ids.fold_location(s["region"]),
                set(regions.all()) | set(self.own_regions),
                "a region Azure has",
                *path,
                "region",
            )
        region = ids.fold_location(s["region"]) if "region" in s else None
        return Shared(s["on"], s["kind"], used_by, tuple(s.get("written-by", ())), region, self.document.span(*path))

    def _break_glass(self, b: dict[str, Any] | None) -> BreakGlass | None:
        return BreakGlass(tuple(b["accounts"]), b.get("at-most"), self.document.key_span("break-glass")) if b else None

    def _quota(self, q: dict[str, Any]) -> Quota:
        needs = []
        for number, need in enumerate(q.get("needs", ())):
            path = ("quota", "needs", number)
            self.known(need["site"], self.sites, "a site", *path, "site")
            families = "family" in need and "cores" in need
            if families == ("model" in need and "units" in need):
                self.wrong("a need names a `family` with `cores`, or a `model` with `units`", *path)
                continue
            name, amount = (need["family"], need["cores"]) if families else (need["model"], need["units"])
            needs.append(Need(need["site"], name, amount, need["for"], self.document.span(*path), not families))
        spans = {key: self.document.key_span("quota", key) for key in q}
        return Quota(
            q.get("headroom"),
            q.get("fair-share"),
            q.get("production-pool"),
            q.get("survive-region-loss"),
            tuple(needs),
            spans,
        )

    # -- what ends ------------------------------------------------------------------------------------------------

    def _date(self, text: str, *path: str | int) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.wrong(f"`{text}` is not a day", *path)
            return date.min

    def _waiver(self, number: int, w: dict[str, Any]) -> Waiver:
        path = ("waivers", number)
        on = w["on"] if isinstance(w["on"], dict) else {}
        if isinstance(w["on"], dict):
            if "environment" not in on:
                self.wrong("key `environment` is missing", *path, "on")
            else:
                self.known(on["environment"], self.environments, "an environment", *path, "on", "environment")
            if "class" in on:
                self.known(on["class"], self.classes, "a data class", *path, "on", "class")
        if _NEEDS_CAUSE.fullmatch(w["rule"]) and "cause" not in w:
            self.wrong(f"a waiver of {w['rule']} needs a `cause`", *path, key=True,
                       help="copy the cause key from the report, or write `cause: any`")  # fmt: skip
        subject = parts.subject(w["on"]) if isinstance(w["on"], str) else ""
        cause = w.get("cause", "")
        of_scenario = w["rule"].startswith("SCN")  # what is wrong with a scenario is said in words, not by ids
        if cause not in ("", "any", "missing") and not of_scenario and not parts.is_key(cause):
            self.wrong(
                f"`{cause}` is not a cause key", *path, "cause", help="copy it from the report, or write an object id"
            )
        policy = self.value.get("waiver-policy", {})
        approvers = policy.get("approvers")
        if approvers is not None:
            self.known(w["approved-by"], set(approvers), "an approver of `waiver-policy`", *path, "approved-by")
        return Waiver(
            w["rule"], subject, cause if cause == "any" else parts.subject(cause), w["reason"], w["approved-by"], self._date(w["until"], *path, "until"),
            self.document.span(*path), w.get("ticket", ""), on.get("environment", ""), on.get("class", ""),
            parts.days(policy.get("longest")), parts.days(policy.get("critical") or policy.get("longest")),
        )  # fmt: skip

    def _accepted(self, number: int, a: dict[str, Any]) -> AcceptedGap:
        path = ("accepted-gaps", number)
        scope = "tenant" if a["scope"] == "tenant" else ids.fold(a["scope"])
        return AcceptedGap(
            a["permission"], scope, a["reason"], self._date(a["until"], *path, "until"), self.document.span(*path)
        )
