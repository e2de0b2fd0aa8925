"""What a scenario file says of places: environments, data classes with their homes, sites, flows, structure."""

from __future__ import annotations

from typing import Any

from scanner import ids, regions
from scanner.errors import suggest
from scanner.graph.ontology import STAGES
from scanner.scenario import parts
from scanner.scenario.model import DataClass, Environment, Flow, Place, Site, Structure
from scanner.scenario.reading import Reader


def environment(reader: Reader, name: str, e: dict[str, Any]) -> Environment:
    path = ("environments", name)
    stage = e.get("stage", name)
    if stage not in STAGES:
        reader.wrong(f"environment `{name}` needs a stage, since its name is none", *path, key=True,
                     help=f"`stage:` is one of {', '.join(f'`{s}`' for s in STAGES)}")  # fmt: skip
    classes = reader.all_known(e.get("data", []), reader.classes, "a data class", *path, "data")
    if "default-class" in e:
        reader.known(e["default-class"], reader.classes, "a data class", *path, "default-class")
        if classes and e["default-class"] not in classes:
            reader.wrong(f"default class `{e['default-class']}` may not be in this environment", *path, "default-class",
                         help="add it to `data`")  # fmt: skip
    return Environment(
        name, stage, parts.match(e["match"]), classes, e.get("default-class"), e.get("live", False), e.get("lock"),
        tuple(e.get("tags", ())), reader.document.key_span(*path),
    )  # fmt: skip


def data_class(reader: Reader, name: str, c: dict[str, Any]) -> DataClass:
    path = ("data-classes", name)
    home = _place(reader, c.get("home"), *path, "home")
    return DataClass(
        name, parts.match(c.get("match", {})), home, _place(reader, c.get("processing"), *path, "processing"),
        c.get("platform-replication", "allow"), c.get("production-only", False), c.get("owner"), reader.document.key_span(*path),
    )  # fmt: skip


def _place(reader: Reader, given: dict[str, Any] | None, *path: str | int) -> Place | None:
    if given is None:
        return None
    table = regions.all()
    countries = {r.country for r in table.values()} | {r.iso for r in table.values()}
    countries |= {facts["country"] for facts in reader.own_regions.values() if "country" in facts}
    checks = {
        "region": set(table) | set(reader.own_regions),
        "country": countries,
        "geography": {r.geography for r in table.values()},
    }
    for unit, among in checks.items():
        for number, name in enumerate(given.get(unit, ())):
            fold = ids.fold_location if unit == "region" else str.lower
            if fold(name) not in {fold(word) for word in among}:
                near = suggest(name, among)
                reader.wrong(f"`{name}` is not a {unit} Azure has", *path, unit, number, help=near)
    found = regions.within(
        given.get("region", ()), given.get("country", ()), given.get("geography", ()), given.get("boundary", ())
    )
    wanted_countries = {c.lower() for c in given.get("country", ())}
    found |= {
        name for name, facts in reader.own_regions.items()
        if str(facts.get("country", "")).lower() in wanted_countries or set(facts.get("boundary", ())) & set(given.get("boundary", ()))
    }  # fmt: skip
    if not any(given.values()):
        reader.wrong("a place needs a region, country, geography or boundary: nothing could ever be there", *path)
    named = [str(name) for unit in ("region", "country", "geography", "boundary") for name in given.get(unit, ())]
    words = " or ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))
    return Place(words, frozenset(found), reader.document.key_span(*path))


def site(reader: Reader, name: str, s: dict[str, Any]) -> Site:
    path = ("sites", name)
    region = ids.fold_location(s["region"])
    reader.known(region, set(regions.all()) | set(reader.own_regions), "a region Azure has", *path, "region")
    classes = reader.all_known(s.get("data", []), reader.classes, "a data class", *path, "data")
    return Site(name, region, tuple(s["does"]), classes, tuple(s.get("audience", ())), reader.document.key_span(*path))


def flow(reader: Reader, number: int, f: dict[str, Any]) -> Flow:
    path = ("flows", number)
    for end in ("from", "to"):
        reader.known(f[end], reader.sites | reader.environments, "a site or an environment", *path, end)
    for key in ("class", "becomes"):
        if key in f:
            reader.known(f[key], reader.classes, "a data class", *path, key)
    if "until" in f:
        reader.day(f["until"], *path, "until")
    return Flow(
        f["what"], f["from"], f["to"], f.get("class"), f.get("becomes"), f.get("approved-by"), f.get("until"), reader.document.span(*path)
    )  # fmt: skip


def structure(reader: Reader, s: dict[str, Any]) -> Structure:
    for name in s.get("shared-workspaces", {}):
        reader.known(name, reader.environments, "an environment", "structure", "shared-workspaces", name)
    for name, how in s.get("keys", {}).items():
        if not how:
            reader.wrong(
                f"nothing says where `{name}` is read from",
                "structure",
                "keys",
                name,
                help="write a `tag` or a `name`",
            )
    return Structure(
        s.get("workspace-per"), s.get("resource-group-per"), s.get("keys", {}), tuple(s.get("created-by", ())), s.get("cost-tag"),
        s.get("shared-workspaces", {}), {key: reader.document.key_span("structure", key) for key in s},
    )  # fmt: skip
