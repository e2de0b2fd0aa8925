"""Environments and data classes by tags and names, then sites by what stands where."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from scanner import ids, regions
from scanner.graph.estate import Estate
from scanner.propose.draft import Class, Draft, Environment, Site
from scanner.propose.words import (
    AUDIENCE_TAGS,
    CLASS_TAGS,
    ENVIRONMENT_TAGS,
    OPEN,
    kebab,
    plural,
    some,
    stage_in,
    stage_of,
)
from scanner.scenario.recognise import ancestors

_SUBJECTS = ("workspace", "ml-registry", "model-account")
_MOST_VALUES = 40  # a tag of more values than this classifies nothing


def tagged(estate: Estate, node: int, key: str) -> str | None:
    """The value of a tag, from the resource up to its management groups."""
    for place in (node, *ancestors(estate, node)):
        tags = estate.get(place, "tags")
        if isinstance(tags, dict) and isinstance(tags.get(key), str):
            return str(tags[key])
    return None


def keys_among(estate: Estate, nodes: Sequence[int], wanted: Sequence[str]) -> dict[str, Counter[str]]:
    """Which of the wanted tags the nodes have, or what they lie in has, with their values; the order is that wanted."""
    found = {
        key: Counter(value for node in nodes if (value := tagged(estate, node, key)) is not None) for key in wanted
    }
    return {key: values for key, values in found.items() if values and len(values) <= _MOST_VALUES}


# -- environments and classes -------------------------------------------------------------------------------------


def recognised(estate: Estate, draft: Draft) -> Draft:
    """The draft with scope, environments and data classes."""
    workspaces = list(estate.nodes("workspace"))
    judged = workspaces or [node for kind in _SUBJECTS for node in estate.nodes(kind)]
    environments = tuple(_environments(estate, judged, draft.tenant))
    draft = replace(draft, environments=environments, classes=tuple(_classes(estate)))
    return _scoped(estate, judged, draft)


def _scoped(estate: Estate, judged: Sequence[int], draft: Draft) -> Draft:
    """The lowest management group above all machine learning, unless it is the top one; else the subscriptions."""
    above = [
        [p for p in ancestors(estate, node) if estate.kind(p) in ("subscription", "management-group")]
        for node in judged
    ]
    subscriptions = sorted({p for places in above for p in places if estate.kind(p) == "subscription"})
    groups = (
        [p for p in above[0] if estate.kind(p) == "management-group" and all(p in places for places in above)]
        if above
        else []
    )
    if groups and len(groups) > 1 and (name := ids.last(estate.original(groups[0]))):
        return replace(draft, management_groups=(name,))
    return replace(
        draft, subscriptions=tuple((ids.last(estate.key(node)), estate.name(node)) for node in subscriptions)
    )


def _environments(estate: Estate, judged: Sequence[int], tenant: str) -> Iterator[Environment]:
    found: dict[str, Environment] = {}
    left = list(judged)
    tags = keys_among(estate, judged, ENVIRONMENT_TAGS)
    telling = {key: sum(n for value, n in values.items() if stage_of(value)) for key, values in tags.items()}
    best = max(telling, key=lambda key: telling[key], default=None)
    if best is not None and telling[best]:
        for value, count in sorted(tags[best].items()):
            name, stage = stage_of(value) or (kebab(value, found, "environment"), "production")
            before = found.get(name)
            guess = "" if stage_of(value) else "; nothing tells its stage, so the strictest is taken"
            said = f"tag {best}={value} is on {count} of {len(judged)} workspaces, their own or from above{guess}"
            found[name] = Environment(name, stage, f"{before.evidence}; {said}" if before else said, tag=best, values=(*(before.values if before else ()), value))  # fmt: skip
        left = [node for node in judged if tagged(estate, node, best) is None]
    for kind, attribute in (("subscription", "subscriptions"), ("resource-group", "resource_groups")):
        # a subscription's name tells where every workspace in it belongs, or nothing: groups may tell more
        named = defaultdict[tuple[str, str], dict[str, int]](dict)
        for node in left:
            place = next((p for p in ancestors(estate, node) if estate.kind(p) == kind), None)
            if place is not None and (told := stage_in(estate.name(place))) is not None:
                named[told][estate.name(place) if kind == "resource-group" else ids.last(estate.key(place))] = place
        if kind == "subscription" and (
            best is not None or sum(len(n) for n in named.values()) < len(_above(estate, left, kind))
        ):
            continue
        for (name, stage), places in sorted(named.items()):
            if name in found and getattr(found[name], attribute) == () and found[name].tag:
                name = kebab(f"{name}-by-name", found)
            shown = some(estate.name(p) for p in places.values())
            called = tuple(sorted(places))
            found[name] = Environment(
                name,
                stage,
                f"{kind.replace('-', ' ')} called {shown}",
                resource_groups=called if kind == "resource-group" else (),
                subscriptions=called if kind == "subscription" else (),
            )
        inside = {p for places in named.values() for p in places.values()}
        left = [node for node in left if not inside & set(ancestors(estate, node))]
    if not found:
        found["everything"] = Environment("everything", "production", "no tag and no name tells environments apart, so the strictest stage is taken for all", tenant=tenant)  # fmt: skip
    stages = ("exploration", "development", "test", "production")
    yield from (
        replace(e, live=e.stage == "production")
        for e in sorted(found.values(), key=lambda e: (stages.index(e.stage), e.name))
    )


def _above(estate: Estate, nodes: Sequence[int], kind: str) -> set[int]:
    return {p for node in nodes for p in ancestors(estate, node) if estate.kind(p) == kind}


def _classes(estate: Estate) -> Iterator[Class]:
    stores = [*estate.nodes("data-store"), *estate.nodes("data-asset")]
    tags = keys_among(estate, stores, CLASS_TAGS)
    best = max(tags, key=lambda key: sum(tags[key].values()), default=None)
    by_name: dict[str, list[str]] = {}
    for value in sorted(tags[best]) if best else ():
        by_name.setdefault(kebab(value, (), "class"), []).append(value)
    for name, values in by_name.items():
        if best is None:
            continue
        where = {
            str(estate.get(node, "region")) for node in stores
            if tagged(estate, node, best) in values and isinstance(estate.get(node, "region"), str)
        }  # fmt: skip
        count = sum(tags[best][value] for value in values)
        said = (
            f"{plural(count, 'store')} or data assets have tag {best}={' or '.join(values)}, of their own or from above"
        )
        yield replace(
            _home(name, where), tag=best, values=tuple(values), evidence=f"{said}; {_home(name, where).evidence}"
        )


def _home(name: str, where: set[str]) -> Class:
    known = [region for place in sorted(where) if (region := regions.region(place)) is not None]
    if set(name.split("-")) & OPEN:
        return Class(name, "", (), "its name says that it may be anywhere")
    if not known or len(known) < len(where):
        return Class(name, "", (), f"no home: it is in {some(where) or 'no place that was seen'}, which tells none")
    said = f"it is in {some(where)}, so that is taken for its home"
    if all("EU" in region.boundaries for region in known):
        return Class(name, "", (), f"{said}, as wide as the EU", boundary="EU")
    return Class(name, "", (), said, countries=tuple(sorted({region.country for region in known})))


# -- sites --------------------------------------------------------------------------------------------------------


def located(estate: Estate, draft: Draft) -> Draft:
    """The draft with the data of each environment, and sites. The estate is bound to what was recognised."""
    held: defaultdict[str, set[str]] = defaultdict(set)
    for node in (*estate.nodes("data-store"), *estate.nodes("data-asset")):
        environment, classes = estate.get(node, "environment"), estate.get(node, "data-classes")
        if isinstance(environment, str) and isinstance(classes, frozenset):
            held[environment] |= classes
    order = [c.name for c in draft.classes]
    environments = tuple(replace(e, data=tuple(c for c in order if c in held[e.name])) for e in draft.environments)
    sites, unknown, audience = _sites(estate, draft)
    remarks = draft.remarks
    if unknown:
        remarks = draft.remarked(
            "sites", f"left out, since the shipped table does not have them: {some(unknown)}; add them under `regions`"
        )
    lost = [estate.name(n) for n in estate.nodes("workspace") if estate.get(n, "environment") is None]
    if lost:
        remarks = {**remarks, "environments": (*remarks.get("environments", ()), f"in none of these: {some(lost)}")}
    return replace(draft, environments=environments, sites=sites, audience_tag=audience, remarks=remarks,
                   catalogues=tuple(sorted(estate.name(n) for n in estate.nodes("catalogue"))))  # fmt: skip


def _sites(estate: Estate, draft: Draft) -> tuple[tuple[Site, ...], set[str], str]:
    guarded = {c.name for c in draft.classes if c.boundary or c.countries}
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    data: defaultdict[str, set[str]] = defaultdict(set)
    audience: defaultdict[str, set[str]] = defaultdict(set)
    tag = ""
    for what, node in _standing(estate):
        region = estate.get(node, "region")
        if not isinstance(region, str) or not regions.is_region(region):
            continue
        seen[region][what] += 1
        classes = estate.get(node, "data-classes")
        if what == "store" and isinstance(classes, frozenset):
            data[region] |= classes & guarded
        if what == "serve":
            for key in AUDIENCE_TAGS:
                if (value := tagged(estate, node, key)) is not None:
                    tag = tag or key
                    audience[region].add(value)
    sites = []
    used = {
        region
        for region, what in seen.items()
        if set(what) & {"workspace", "train", "fine-tune", "serve", "serve-batch"} or data[region]
    }
    for region in sorted(used):
        counted = seen[region]
        does = [d for d in ("store", "train", "fine-tune", "serve", "serve-batch", "log") if counted[d]]
        said = ", ".join(f"{n} {_WORDS[w][n != 1]}" for w, n in sorted(counted.items()) if w in _WORDS)
        if does and regions.region(region) is not None:
            sites.append(
                Site(
                    region,
                    tuple(does),
                    tuple(c.name for c in draft.classes if c.name in data[region]),
                    tuple(sorted(audience[region])),
                    said,
                )
            )
    return tuple(sites), {r for r in used if regions.region(r) is None}, tag


_WORDS: Mapping[str, tuple[str, str]] = {
    "workspace": ("workspace", "workspaces"), "store": ("store", "stores"), "train": ("job or compute that trains", "jobs or computes that train"),
    "fine-tune": ("job that tunes", "jobs that tune"), "serve": ("endpoint", "endpoints"), "serve-batch": ("batch endpoint", "batch endpoints"),
    "log": ("log store", "log stores"),
}  # fmt: skip


def _tunes(estate: Estate, job: int) -> bool:
    """Whether a job starts from a model of the estate's own and gives one; what starts from a public one makes a base."""
    if estate.get(job, "base-models"):
        return True
    runs = estate.get(job, "runs")
    return isinstance(runs, tuple | list) and any(
        any(key.startswith("/") and "/models/" in key for key, _ in run.inputs)
        and any(what == "model" for _, what in run.outputs)
        for run in runs
    )


def _scores(estate: Estate, job: int) -> bool:
    """Whether a job takes a model and makes none: it scores with it, or compares it."""
    runs = estate.get(job, "runs")
    if not isinstance(runs, tuple | list) or estate.neighbours(job, "makes"):
        return False
    takes = any(what == "model" for run in runs for _, what in run.inputs)
    return takes and not any(what == "model" for run in runs for _, what in run.outputs)


def _standing(estate: Estate) -> Iterator[tuple[str, int]]:
    """(what it is evidence for, node)."""
    for node in estate.nodes("workspace"):
        yield "workspace", node
    for node in estate.nodes("data-store"):
        if estate.kind(node) == "log-analytics":
            yield "log", node
        elif estate.kind(node) != "model-account":
            yield "store", node
    for node in estate.nodes("application-insights"):
        yield "log", node
    jobs = [(node, where) for node in estate.nodes("job") if (where := estate.first(node, "job-of")) is not None]
    for node in estate.nodes("compute"):
        # where jobs were seen at all, a cluster that runs none is no sign of training: it may score, or wait
        attached = estate.get(node, "compute-type") in ("kubernetes", "aks", "virtual-machine", "data-factory")
        if not attached and not jobs:
            yield "train", node
    for node, where in jobs:
        if _tunes(estate, node):
            yield "fine-tune", where
        elif not _scores(estate, node):
            yield "train", where
    for node in (*estate.nodes("online-endpoint"), *estate.nodes("model-deployment")):
        yield "serve", node
    for node in estate.nodes("batch-endpoint"):
        yield "serve-batch", node
