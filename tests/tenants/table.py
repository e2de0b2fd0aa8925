"""Scans sample tenants and their twins through simulator and collector, and prints precision and recall: `python -m tests.tenants.table`.

One line for each tenant and twin, and at the end the rules that none of them fires. `--direct` leaves the collector out and is fast; `--write` puts what was found into the tables,
for a person to read the difference. Names of tenants limit it to those.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner import ids
from scanner.collect import Secret, Settings, run
from scanner.graph.records import RECORDS
from scanner.scenario.model import Scenario
from scanner.simulator import Simulator
from scanner.snapshot import Coverage, Snapshot
from tests.support.scan import FEW_AT_ONCE, FIXTURES, report_of, rules
from tests.support.tenants import snapshot_of
from tests.tenants import twins
from tests.tenants.samples import SAMPLES
from tests.tenants.twins import Findings

ROOT = Path(__file__).parent.parent.parent
MARKS = ("<!-- twins: python -m tests.tenants.table --readme -->", "<!-- end of twins -->")


@dataclass(frozen=True)
class Row:
    """What was to be found of one tenant or twin, and what was."""

    name: str
    wanted: Findings
    found: Findings

    @property
    def right(self) -> int:
        return (self.wanted & self.found).total()


def collected(document: dict[str, Any]) -> Snapshot:
    """The tenant as the whole pipeline reads it, over HTTPS."""
    regions = {place.split("/")[1] for places in document.get("usages", {}).values() for place in places}
    with Simulator(document, page_size=50) as simulator:
        return run(Settings(cloud=simulator.url, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, regions=tuple(sorted(regions)), job_days=36500,
                            backoff=0.01, concurrency=FEW_AT_ONCE, secret=Secret(simulator.client_id, simulator.client_secret)))  # fmt: skip


def _refused(document: dict[str, Any]) -> Iterable[Coverage]:
    """The ledger of a collection by the document's reader, who may not list what some resources hold."""
    for permission in document.get("reader", {}).get("notActions", ()):
        (record,) = (r for r in RECORDS.values() if r.permission == permission and r.scope == "parent")
        above = record.arm_type.rpartition("/")[0]
        for resource in document["resources"]:
            if ids.resource_type(ids.fold(resource["id"])) == above:
                yield Coverage(record.name, ids.fold(resource["id"]), "forbidden", permission, status=403)


def measure(document: dict[str, Any], scenario: Scenario, direct: bool) -> tuple[Findings, Findings]:
    """What a scan finds of a tenant, and what it cannot tell."""
    report = report_of(snapshot_of(document, list(_refused(document))) if direct else collected(document), scenario)
    return twins.findings_of(report), twins.findings_of(report, "unknown")


def rows(tenants: Iterable[str], direct: bool, into: Path) -> Iterable[Row]:
    for tenant in tenants:
        found, unknown = measure(SAMPLES[tenant]().tenant.document, twins.scenario_of(tenant, None, into), direct)
        yield Row(tenant, twins.NOTHING, found + unknown)
        for twin in twins.declared(tenant):
            intent = twins.scenario_of(tenant, twin.change, into)
            found, unknown = measure(twin.sample().tenant.document, intent, direct)
            yield Row(twin.name, twin.findings + twin.unknown, found + unknown)


def rewrite(tenant: str, into: Path) -> None:
    """Writes what is found now into a tenant's table."""
    found = {}
    for change in twins.fitting(tenant):
        sample = SAMPLES[tenant]()
        change.apply(sample)
        found[change.name] = measure(sample.tenant.document, twins.scenario_of(tenant, change, into), direct=True)
    (FIXTURES / tenant / "twins.yaml").write_text(twins.table_text(tenant, found), encoding="utf-8")


def totals(wanted: int, precision: str, recall: str) -> str:
    """The sentence of the README."""
    broken = sum(len(twins.declared(tenant)) for tenant in SAMPLES)
    return (
        f"{len(SAMPLES)} sample tenants yield nothing; of {broken} more, each with one thing broken and read through simulator and\n"
        f"collector, every finding and unknown is declared beforehand: {wanted:,} of them, precision {precision}, recall {recall}.\n"
    )


def in_readme(text: str, sentence: str) -> str:
    """The README with the sentence between its marks."""
    before, _, rest = text.partition(MARKS[0])
    return f"{before}{MARKS[0]}\n{sentence}{MARKS[1]}{rest.partition(MARKS[1])[2]}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "1.000"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tenants", nargs="*", metavar="TENANT", help=f"one of {', '.join(SAMPLES)}")
    parser.add_argument("--direct", action="store_true", help="without simulator and collector")
    parser.add_argument(
        "--readme", action="store_true", help="put the totals of all tenants, read over HTTP, into README.md"
    )
    parser.add_argument("--write", action="store_true", help="put what is found into the tables")
    options = parser.parse_args(arguments)
    if options.readme and (options.tenants or options.direct or options.write):
        parser.error("--readme takes all tenants, through simulator and collector")
    right = wanted = found = 0
    with tempfile.TemporaryDirectory() as folder:
        chosen = options.tenants or list(SAMPLES)
        for tenant in chosen if options.write else ():
            rewrite(tenant, Path(folder))
        print(f"{'tenant or twin':<90} declared  found  precision  recall")
        for row in rows(chosen, options.direct or options.write, Path(folder)):
            right, wanted, found = right + row.right, wanted + row.wanted.total(), found + row.found.total()
            precision, recall = _share(row.right, row.found.total()), _share(row.right, row.wanted.total())
            print(f"{row.name:<90} {row.wanted.total():>8}  {row.found.total():>5}  {precision:>9}  {recall:>6}", flush=True)  # fmt: skip
            for (rule, subject), count in sorted(((row.found - row.wanted) + (row.wanted - row.found)).items()):
                print(f"    {'not declared' if (rule, subject) in row.found - row.wanted else 'not found'}: {rule} {subject} x{count}")  # fmt: skip
    print(f"{'all':<90} {wanted:>8}  {found:>5}  {_share(right, found):>9}  {_share(right, wanted):>6}")
    if options.readme:
        path = ROOT / "README.md"
        text = in_readme(path.read_text(encoding="utf-8"), totals(wanted, _share(right, found), _share(right, wanted)))
        path.write_text(text, encoding="utf-8")
    silent = sorted({rule.info.id for rule in rules()} - twins.fired(chosen))
    print(f"rules that no twin of these tenants makes fire: {', '.join(silent) or 'none'}")
    return 0 if right == wanted == found else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
