"""Collecting for a command: settings from options, progress on stderr, the journal, and the snapshot as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner.errors import UserError

if TYPE_CHECKING:
    from scanner.collect import Settings
    from scanner.scenario.model import Scenario
    from scanner.snapshot import Snapshot

_AGAIN = ("failed", "throttled", "partial")


def settings(given: dict[str, Any], scenario: Scenario | None = None) -> Settings:
    """Settings of a live collection; scope and regions that the options leave open come from the scenario."""
    from scanner.collect import Settings

    scope = scenario.scope if scenario is not None else ()
    regions = {site.region for site in scenario.sites} if scenario is not None else set()
    narrowed = given["management_group"] or given["subscription"] or given["resource_group"]
    return Settings(
        cloud=given["cloud"],
        ca_bundle=given["ca_bundle"],
        tenant=given["tenant"] or next((entry.tenant for entry in scope if entry.tenant), None),
        management_groups=given["management_group"]
        if narrowed
        else tuple(g for e in scope for g in e.management_groups),
        subscriptions=given["subscription"] if narrowed else tuple(s for e in scope for s in e.subscriptions),
        resource_groups=given["resource_group"],
        exclude=(*given["exclude"], *(word for entry in scope for word in entry.exclude)),
        auth=given["auth"],
        regions=tuple(sorted({*given["region"], *regions})),
        names=scenario.principals if scenario is not None else (),
        concurrency=given["concurrency"],
        job_limit=given["job_limit"],
        job_days=given["job_days"],
        timeout=given["timeout"],
    )


def collect(given: dict[str, Any], wanted: Settings, to: Path | None, *, redact: bool = False) -> Snapshot:
    """Collects, and writes the snapshot when there is a place for it. Beside it lies the journal until all was read.

    Raises UserError for `--resume` without a place, CollectionError when nothing can be read.
    """
    from dataclasses import replace

    from scanner.cli.progress import progress
    from scanner.collect import run
    from scanner.snapshot import write

    if given["resume"] and to is None:
        raise UserError("`--resume` needs the file that the run was to write", help="name it as before")
    journal = to.with_name(f".{to.name}.journal") if to is not None else None
    hidden = given["no_progress"] or given["quiet"]
    with progress(hidden, given["log_format"]) as shown:
        collected = found = run(replace(wanted, journal=journal, resume=given["resume"]), shown)
        if redact:
            from scanner.redact import pseudonymise

            found = pseudonymise(collected)
        if to is not None and journal is not None:
            shown.phase("writing the snapshot")
            write(found, to)
            # a journal holds real names: it never stays beside a snapshot that was to have none
            unfinished = 0 if redact else sum(entry.outcome in _AGAIN for entry in found.coverage)
            if not unfinished:
                journal.unlink(missing_ok=True)
        collected.release()
    if to is not None and unfinished and not given["quiet"]:
        lists = "1 list was" if unfinished == 1 else f"{unfinished} lists were"
        sys.stderr.write(f"{lists} not read to the end; the same command with `--resume` reads only what is missing\n")
    return found
