"""`mlposture coverage`: what a snapshot could not see, by the permission that is missing, and which rules that leaves open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanner.cli import options
from scanner.errors import Exit

if TYPE_CHECKING:
    from scanner.snapshot import Coverage, Manifest

_SCOPES = 5
_RULES = 4  # of one family that are named
_WORDS = {
    "forbidden": "refused", "throttled": "throttled to the end", "failed": "failed", "partial": "read in part",
    "unsupported": "not known to this cloud", "bounded": "bounded by settings",
}  # fmt: skip


@click.command()
@click.argument("snapshot", type=options.existing_file)
@click.option("--format", type=click.Choice(["text", "json"]), default="text", help="What is printed.  [default: text]")
@click.option("--verbose", "-v", is_flag=True, help="Name every scope, and what was read to the end.")
@options.selection
def coverage(snapshot: Path, format: str, verbose: bool, **given: Any) -> int:
    """Say what SNAPSHOT does not hold, by missing permission, and which rules that leaves open."""
    from scanner.cli.selected import rules as selected
    from scanner.policy.lists import rules_behind
    from scanner.render.safe import json_text
    from scanner.snapshot import read

    manifest = read(snapshot).manifest
    needing = rules_behind(selected(given["rules"], given["select"], given["ignore"]))
    groups = _by_permission(manifest.coverage)
    if format == "json":
        click.echo(json_text(_document(manifest, groups, needing), indent=2))
        return int(Exit.CLEAN)
    for line in _text(manifest, groups, needing, verbose):
        click.echo(line)
    return int(Exit.CLEAN)


def _by_permission(entries: Sequence[Coverage]) -> dict[tuple[str, str], list[Coverage]]:
    """Unread lists by (permission, outcome), most lists first."""
    found: defaultdict[tuple[str, str], list[Coverage]] = defaultdict(list)
    for entry in entries:
        if entry.outcome != "complete":
            found[entry.permission, entry.outcome].append(entry)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def _text(
    manifest: Manifest,
    groups: Mapping[tuple[str, str], list[Coverage]],
    needing: Mapping[str, Sequence[str]],
    verbose: bool,
) -> Iterator[str]:
    from scanner.render.safe import scrub

    read = sum(entry.outcome == "complete" for entry in manifest.coverage)
    yield f"{read:,} of {len(manifest.coverage):,} lists were read to the end, {sum(manifest.counts.values()):,} records"
    yield scrub(
        f"taken {manifest.started} to {manifest.finished} by {manifest.identity or 'nobody known'}, tenant {manifest.tenant}"
    )
    if manifest.partial:
        yield "the time allowed was up before all was read"
    for said in manifest.notes:
        yield scrub(f"note: {said}", limit=4096)
    for (permission, outcome), entries in groups.items():
        kinds = ", ".join(sorted({entry.kind for entry in entries}))
        lists = "1 list" if len(entries) == 1 else f"{len(entries):,} lists"
        yield ""
        yield scrub(f"{permission or 'no permission known'}: {lists} {_WORDS[outcome]} ({kinds})", limit=4096)
        first = entries[0]
        if first.status or first.code:
            at = f" at {first.denied_at}" if first.denied_at else ""
            yield scrub(f"  answer  {first.status or ''} {first.code}{at}".rstrip(), limit=4096)
        for entry in entries if verbose else entries[:_SCOPES]:
            yield scrub(f"  scope   {entry.scope}", limit=4096)
        if not verbose and len(entries) > _SCOPES:
            yield f"          and {len(entries) - _SCOPES:,} more"
        rules = _open(entries, needing)
        if outcome != "bounded":
            yield f"  open    {by_family(rules)}" if rules else "  open    no selected rule rests on it"
    if verbose:
        yield ""
        counts: defaultdict[str, list[int]] = defaultdict(list)
        for entry in manifest.coverage:
            if entry.outcome == "complete":
                counts[entry.kind].append(entry.count)
        for kind, found in sorted(counts.items()):
            yield f"{kind:<28} {len(found):>7,} lists {sum(found):>9,} records  {manifest.api_versions.get(kind, '')}".rstrip()


def _open(entries: Sequence[Coverage], needing: Mapping[str, Sequence[str]]) -> list[str]:
    """Rules that rest on one of the lists."""
    return sorted({rule for entry in entries for rule in needing.get(entry.kind, ())})


def by_family(rules: Sequence[str]) -> str:
    """Ids of rules for people: a family with many in it is counted, so that none hides the others."""
    families: defaultdict[str, list[str]] = defaultdict(list)
    for rule in rules:
        families[rule.rstrip("0123456789")].append(rule)
    return ", ".join(
        f"{found[0]} and {len(found) - 1} more of {family}" if len(found) > _RULES else ", ".join(found)
        for family, found in families.items()
    )


def _document(
    manifest: Manifest, groups: Mapping[tuple[str, str], list[Coverage]], needing: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    return {
        "tenant": manifest.tenant, "identity": manifest.identity, "started": manifest.started, "finished": manifest.finished,
        "partial": manifest.partial, "notes": list(manifest.notes),
        "lists": len(manifest.coverage), "read": sum(entry.outcome == "complete" for entry in manifest.coverage),
        "unread": [
            {"permission": permission, "outcome": outcome, "rules": _open(entries, needing), "lists": [
                {"kind": e.kind, "scope": e.scope, "status": e.status, "code": e.code, "detail": e.detail, "request-id": e.request_id, "denied-at": e.denied_at}
                for e in entries
            ]}
            for (permission, outcome), entries in groups.items()
        ],
    }  # fmt: skip
