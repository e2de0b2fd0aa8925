"""A draft as the text of a scenario file: one fact to a line, its evidence above it, every name from the tenant quoted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from scanner.graph.ontology import STAGES
from scanner.propose.draft import Draft, Row
from scanner.yamlfile import schema_id
from scanner.yamltext import comment, listed, quoted


def text(draft: Draft) -> str:
    """The file. Comments hold names from the tenant, so they too are made harmless."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={schema_id('scenario')}"
    yield "# A proposal, made of what the estate is like and not of what it should be: correct it. Above each line is what it rests on."
    yield f"scenario: {draft.name}"
    yield from _said(draft.pattern_evidence, "")
    yield f"pattern: {listed(draft.patterns)}"
    yield f"scope: [{{{_tenant(draft)}}}]"
    yield from _said((f"subscription {id} is {name}" for id, name in draft.subscriptions), "")
    if draft.audience_tag:
        yield f"audience: {{tag: {quoted(draft.audience_tag)}}}"
    yield from _environments(draft)
    yield from _classes(draft)
    yield from _sites(draft)
    yield from _flows(draft)
    yield from _structure(draft)
    yield from _roles(draft)
    yield from _others(draft)


def _tenant(draft: Draft) -> str:
    entries = [f"tenant: {quoted(draft.tenant)}"] if draft.tenant else []
    if draft.management_groups:
        entries.append(f"management-groups: {listed(draft.management_groups)}")
    elif draft.subscriptions:
        entries.append(f"subscriptions: {listed(id for id, _ in draft.subscriptions)}")
    return ", ".join(entries)


def _said(lines: Iterable[str], indent: str = "  ") -> Iterator[str]:
    for line in lines:
        if line:
            yield f"{indent}# {comment(line, 400)}"


def _remarks(draft: Draft, key: str, indent: str = "  ") -> Iterator[str]:
    yield from _said(draft.remarks.get(key, ()), indent)


def _begun(draft: Draft, key: str, entries: Sequence[object], none: str) -> Iterator[str]:
    """A section begins with its key and what is to be said of it; one without entries is a comment."""
    yield ""
    yield f"{key}:" if entries else f"# {key}: {none}"
    yield from _remarks(draft, key, "  " if entries else "")


def _environments(draft: Draft) -> Iterator[str]:
    yield ""
    yield "environments:"
    yield from _remarks(draft, "environments")
    for e in draft.environments:
        match = f"tag: {{{quoted(e.tag)}: {listed(e.values)}}}" if e.tag else ""
        match = match or (
            f"resource-group: {listed(e.resource_groups)}"
            if e.resource_groups
            else f"subscription: {listed(e.subscriptions)}"
            if e.subscriptions
            else f"tenant: {listed([e.tenant])}"
        )
        entries = [f"stage: {e.stage}"] if e.stage != e.name else []
        entries += [f"match: {{{match}}}", f"data: {listed(e.data)}"]
        entries += ["live: true"] if e.live else []
        yield from _said([e.evidence])
        yield f"  {quoted(e.name)}: {{{', '.join(entries)}}}"


def _classes(draft: Draft) -> Iterator[str]:
    yield from _begun(draft, "data-classes", draft.classes, "no tag of a store says what is in it")
    if draft.classes:
        yield "  # nobody can tell from a tenant who owns a class, or where it may be: say so with `owner` and `home`"
    for c in draft.classes:
        home = f"boundary: [{c.boundary}]" if c.boundary else f"country: {listed(c.countries)}" if c.countries else ""
        yield from _said([c.evidence])
        yield f"  {quoted(c.name)}: {{match: {{tag: {{{quoted(c.tag)}: {listed(c.values)}}}}}{f', home: {{{home}}}' if home else ''}}}"


def _sites(draft: Draft) -> Iterator[str]:
    yield from _begun(draft, "sites", draft.sites, "nothing was seen to stand anywhere")
    for site in draft.sites:
        audience = f", audience: {listed(site.audience)}" if site.audience else ""
        yield from _said([site.evidence])
        yield f"  {site.region}: {{region: {site.region}, does: {listed(site.does)}, data: {listed(site.data)}{audience}}}"


def _flows(draft: Draft) -> Iterator[str]:
    """What may move when a scenario says nothing of flows: written out, it allows no more, and shows where to write the rest."""
    present = [stage for stage in STAGES if any(e.stage == stage for e in draft.environments)]
    steps = [
        (a.name, b.name)
        for before, after in pairwise(present)
        for a in draft.environments if a.stage == before
        for b in draft.environments if b.stage == after
    ]  # fmt: skip
    if not steps:
        return
    yield ""
    yield "# what moves one stage downstream where nothing else is said; data moves nowhere until a flow with its class says so"
    yield "flows:"
    for source, target in steps:
        for what in ("code", "model", "image"):
            yield f"  - {{what: {what}, from: {quoted(source)}, to: {quoted(target)}}}"


def _structure(draft: Draft) -> Iterator[str]:
    s = draft.structure
    entries = [f"workspace-per: {s.workspace_per}"] if s.workspace_per else []
    entries += [f"resource-group-per: {s.resource_group_per}"] if s.resource_group_per else []
    entries += [f"keys: {{{s.key}: {{tag: {quoted(s.tag)}}}}}"] if s.key else []
    entries += (
        [f"created-by: {listed(a.group for a in draft.administrators)}"] if draft.administrators and entries else []
    )
    entries += [f"cost-tag: {quoted(s.cost_tag)}"] if s.cost_tag else []
    if entries:
        yield ""
        yield from _said(s.evidence, "")
        yield f"structure: {{{', '.join(entries)}}}"


def _roles(draft: Draft) -> Iterator[str]:
    yield from _begun(draft, "roles", draft.rows, "no group holds a role in an environment")
    by_role: dict[str, list[Row]] = {}
    for row in draft.rows:
        by_role.setdefault(row.role, []).append(row)
    for role, rows in by_role.items():
        yield f"  {quoted(role)}:"
        for row in rows:
            reads = f", reads: {listed(row.reads)}" if row.reads else ""
            yield from _said([row.evidence], "    ")
            yield f"    {quoted(row.environment)}: {{group: {quoted(row.group)}, duties: {listed(row.duties)}{reads}{', by: eligible' if row.eligible else ''}}}"


def _others(draft: Draft) -> Iterator[str]:
    yield ""
    if draft.release:
        subjects = f", subjects: {listed(draft.release.subjects)}" if draft.release.subjects else ""
        yield from _said(
            [draft.release.evidence, "who approves is decided in pipelines, so no tenant shows it: add `approvers`"], ""
        )
        yield f"release: {{workload: {quoted(draft.release.workload)}{subjects}}}"
    if draft.administrators:
        yield "administrators:"
        for a in draft.administrators:
            most = f", at-most: {a.people}" if a.people is not None else ""
            yield from _said([a.evidence])
            yield f"  - {{group: {quoted(a.group)}, over: {listed(a.over)}, duties: {listed(a.duties)}{', by: eligible' if a.eligible else ''}{most}}}"
    if draft.shared:
        yield "shared:"
        for s in draft.shared:
            yield from _said([s.evidence])
            yield f"  - {{on: {quoted(s.on)}, kind: {s.kind}, used-by: {listed(s.used_by)}, region: {quoted(s.region)}}}"
    if draft.catalogues:
        yield "# models or environments come from there"
        yield f"catalogues: [{', '.join(f'{{registry: {quoted(name)}, may: [base-model, environment]}}' for name in draft.catalogues)}]"
    yield from _remarks(draft, "break-glass", "")
    if draft.emergency:
        yield "# these rule the directory, hold nothing in Azure, and are called as such accounts are"
        yield f"break-glass: {{accounts: {listed(draft.emergency)}, at-most: {len(draft.emergency)}, directory: standing, azure: none}}"
    quota = [f"headroom: {draft.headroom}"] if draft.headroom else []
    quota += ["production-pool: own-subscription"] if draft.own_pool else []
    if quota:
        yield from _said(draft.quota_evidence, "")
        yield f"quota: {{{', '.join(quota)}}}"
