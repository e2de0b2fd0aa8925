"""Scenarios that cannot hold, whatever the estate is like: found before anything is scanned, each with its line and a suggestion."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from scanner import regions
from scanner.findings import Finding, NodeRef
from scanner.graph import located
from scanner.graph.estate import Estate
from scanner.scenario import crossing, ingredients
from scanner.scenario.crossing import incoherence
from scanner.scenario.model import DataClass, RoleRow, Scenario, Site

# Duties of one group that contradict each other, as the duty rules see them: (of the one row, of the other, why).
_TRAIN, _RELEASE, _APPROVE, _GRANT, _QUOTA = "train", "release", "approve", "grant-access", "manage-quota"
_CONTRADICTIONS = (
    (_APPROVE, _RELEASE, "whoever approves a release does not make it"),
    (_QUOTA, _TRAIN, "whoever trains does not share out the quota"),
    (_GRANT, _TRAIN, "whoever works in an environment does not let others in"),
    (_GRANT, _RELEASE, "whoever releases does not let others in"),
)


def findings(scenario: Scenario) -> Iterator[Finding]:
    """Every incoherence, in the order of the rules SCN01, SCN04 to SCN06 and SCN08 to SCN12."""
    for pattern, lacks in ingredients.missing(scenario):
        subject = NodeRef(f"scenario:{scenario.name}", "scenario", scenario.name)
        text = f"pattern `{pattern}` is promised, and the scenario lacks {lacks.what}"
        yield incoherence(
            "SCN01", subject, f"{pattern}|{lacks.key}", text, scenario.pattern_span or scenario.span, lacks.fix
        )
    yield from _places(scenario)
    yield from crossing.findings(scenario)
    for site in scenario.sites:
        yield from _site(scenario, site)
    yield from _rows(scenario)
    yield from _admitted(scenario)


# -- places -------------------------------------------------------------------------------------------------------


def _places(scenario: Scenario) -> Iterator[Finding]:
    """SCN04. A name that neither the table nor `regions:` has is a mistake at load; here is what is named and not placed."""
    for own in scenario.own_regions:
        subject = NodeRef(f"region:{own.name}", "region", own.name)
        known = regions.region(own.name)
        if known is None and not own.country and not own.boundaries:
            text = f"`{own.name}` is not in the shipped table of regions, and the scenario does not say where it is"
            yield incoherence(
                "SCN04", subject, "unplaced", text, own.span, "add its `country` and its `boundary` under `regions`"
            )
        elif known is not None and own.country and regions.country(own.country) not in (None, known.country):
            text = f"the scenario has `{own.name}` in {own.country}; Azure's table has it in {known.country}"
            yield incoherence(
                "SCN04",
                subject,
                "elsewhere",
                text,
                own.span,
                f"remove `{own.name}` from `regions`, or correct its country",
            )
    for data_class in scenario.data_classes:
        for place, key in ((data_class.home, "home"), (data_class.processing, "processing")):
            if place is not None and not place.regions:
                text = f"the {key} of `{data_class.name}` ({place.words}) contains no known region"
                yield incoherence(
                    "SCN04",
                    _class(data_class),
                    key,
                    text,
                    place.span,
                    "name regions, or countries Azure has a region in",
                )


def unplaced(scenario: Scenario, estate: Estate) -> Iterator[Finding]:
    """SCN04 against an estate: regions in use that nobody places, and what Azure's own list says otherwise than the table of
    regions that are in use or that the scenario counts on. Where that list was refused, it may say anything.
    """
    used = {estate.name(n) for n in estate.nodes("region") if any(True for _ in estate.neighbours(n, "location-of"))}
    placed = {own.name for own in scenario.own_regions if own.country or own.boundaries}
    homes = [place for c in scenario.data_classes for place in (c.home, c.processing) if place is not None]
    counted = used.union({site.region for site in scenario.sites}, *(place.regions for place in homes))
    gaps = tuple(gap for gap in estate.gaps if gap.kind == located.LIST)
    for name in sorted(filter(regions.is_region, counted)):
        subject, live = NodeRef(f"region:{name}", "region", name), estate.listed.get(name)
        if regions.region(name) is None:
            if name in used and name not in placed:
                seen = f" (Azure lists it in the geography {live.geography})" if live and live.geography else ""
                text = f"the estate uses `{name}`, which the shipped table of regions does not have{seen}: nobody can say where it lies"
                fix = f"add `{name}` with its `country` and `boundary` under `regions`"
                yield incoherence("SCN04", subject, "unplaced", text, scenario.span, fix)
        elif live is not None and (said := regions.difference(live)):
            yield incoherence("SCN04", subject, "listed otherwise", f"`{name}`: {said}", scenario.span,
                              f"update mlposture; its table is of: {regions.SOURCE}")  # fmt: skip
    unseen = sorted(name for name in used if gaps and name not in estate.listed and regions.region(name) is not None)
    if unseen:
        text = f"whether Azure has {', '.join(unseen)} where the shipped table has them could not be read ({gaps[0].permission})"
        subject = NodeRef(f"scenario:{scenario.name}", "scenario", scenario.name)
        found = incoherence("SCN04", subject, "unread", text, scenario.span, f"grant {gaps[0].permission}")
        yield msgspec.structs.replace(found, outcome="unknown", gaps=gaps)


# -- sites --------------------------------------------------------------------------------------------------------


def _site(scenario: Scenario, site: Site) -> Iterator[Finding]:
    subject = NodeRef(f"site:{site.name}", "site", site.name)
    homes = [c for name in site.data if (c := scenario.data_class(name)) is not None and c.home is not None]
    trains = {"train", "fine-tune"} & set(site.does)
    if "regional-training" in scenario.patterns and homes and "store" in site.does and not trains:
        listed = ", ".join(c.name for c in homes)
        yield incoherence("SCN08", subject, "no-training", f"site `{site.name}` holds {listed} and does no training, so jobs on its data must run elsewhere",
                       site.span, f"add `train` to what `{site.name}` does, or keep the data at a site that trains")  # fmt: skip
    if site.audience and not {"serve", "serve-batch"} & set(site.does):
        yield incoherence("SCN09", subject, "no-serving", f"site `{site.name}` has an audience ({', '.join(site.audience)}) and serves nothing",
                       site.span, f"add `serve` to what `{site.name}` does, or give the audience to a site that serves")  # fmt: skip
    for data_class in homes:
        allowed = data_class.home.regions if data_class.home else frozenset()
        if data_class.processing is not None and "store" not in site.does:
            allowed |= data_class.processing.regions
        if site.region not in allowed:
            home = data_class.home.words if data_class.home else ""
            yield incoherence("SCN11", subject, f"class:{data_class.name}", f"site `{site.name}` ({site.region}) holds `{data_class.name}`, whose home is {home}",
                           site.span, f"remove `{data_class.name}` from the site's `data`, or widen its home")  # fmt: skip


# -- who ----------------------------------------------------------------------------------------------------------


def _rows(scenario: Scenario) -> Iterator[Finding]:
    """SCN10: one group that the rows give duties which contradict each other, told of at the later row."""
    stages = {environment.name: environment.stage for environment in scenario.environments}
    for at, row in enumerate(scenario.roles):
        others = [other for other in scenario.roles[: at + 1] if other.principal.lower() == row.principal.lower()]
        for other in others:
            for why in _contradictions(other, row, stages):
                yield _contradiction(
                    row,
                    f"{other.role}@{other.environment}",
                    f"{_said(other)} and {_said(row)}" if other is not row else _said(row),
                    why,
                )
    for row in scenario.roles:
        for entry in scenario.administrators:
            if entry.group.lower() == row.principal.lower():
                for first, second, why in _CONTRADICTIONS:
                    if first in entry.duties and second in row.duties:
                        yield _contradiction(
                            row, f"administrators|{second}", f"administrator ({first}) and {_said(row)}", why
                        )
        if (
            scenario.release
            and row.workload
            and scenario.release.workload.lower() == row.principal.lower()
            and "train" in row.duties
        ):
            yield _contradiction(
                row, "release", f"the release workload and {_said(row)}", "what releases does not train"
            )


def _contradictions(one: RoleRow, other: RoleRow, stages: dict[str, str]) -> Iterator[str]:
    duties = set(one.duties) | set(other.duties)
    for first, second, why in _CONTRADICTIONS:
        if one is other:
            if {first, second} <= set(one.duties):
                yield why
        elif (
            {first, second} <= duties
            and not {first, second} <= set(one.duties)
            and not {first, second} <= set(other.duties)
        ):
            yield why
    for a, b in ((one, other), (other, one)):
        if (
            one is not other
            and "train" in a.duties
            and "release" in b.duties
            and stages.get(a.environment) == "development"
            and stages.get(b.environment) == "production"
        ):
            yield "whoever trains in development does not release to production"
    if one is not other and one.environment == other.environment and one.by and other.by and one.by != other.by:
        yield f"access there is {one.by} by one row and {other.by} by the other"


def _said(row: RoleRow) -> str:
    return f"{row.role} in {row.environment} ({', '.join(row.duties) or 'no duty'})"


def _contradiction(row: RoleRow, cause: str, said: str, why: str) -> Finding:
    subject = NodeRef(f"role-row:{row.role}@{row.environment}", "role-row", f"{row.role} in {row.environment}")
    return incoherence("SCN10", subject, f"{cause}|{why}", f"`{row.principal}` is listed as {said}: {why}", row.span,
                    "name another group for one of the two, or take the duty from one of them")  # fmt: skip


# -- what may be where --------------------------------------------------------------------------------------------


def _class(data_class: DataClass) -> NodeRef:
    return NodeRef(f"data-class:{data_class.name}", "data-class", data_class.name)


def _admitted(scenario: Scenario) -> Iterator[Finding]:
    """SCN12: a row that reads what its environment does not hold, and data for production only admitted outside it."""
    for environment in scenario.environments:
        for name in environment.data:
            found = scenario.data_class(name)
            if found is not None and found.production_only and environment.stage != "production":
                subject = NodeRef(f"environment:{environment.name}", "environment", environment.name)
                text = f"environment `{environment.name}` ({environment.stage}) admits `{name}`, which is for production only"
                yield incoherence(
                    "SCN12",
                    subject,
                    f"class:{name}",
                    text,
                    environment.span,
                    f"remove `{name}` from its `data`, or `production-only` from the class",
                )
    for row in scenario.roles:
        where = scenario.environment(row.environment)
        for name in row.reads if where is not None and where.data else ():
            if where is not None and name not in where.data:
                subject = NodeRef(
                    f"role-row:{row.role}@{row.environment}", "role-row", f"{row.role} in {row.environment}"
                )
                text = f"{row.role} reads `{name}` in `{where.name}`, where no `{name}` may be"
                yield incoherence(
                    "SCN12",
                    subject,
                    f"class:{name}",
                    text,
                    row.span,
                    f"remove `{name}` from `reads`, or add it to the `data` of `{where.name}`",
                )
