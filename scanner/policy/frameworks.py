"""The outside frameworks whose controls rules support, and which rules support which control."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scanner.errors import UserError, suggest
from scanner.policy.model import Rule

# as rules write it -> in full, with the edition its ids are of
NAMES: Mapping[str, str] = {
    "MCSB": "Microsoft cloud security benchmark, v1",
    "NIST-800-53": "NIST SP 800-53, revision 5",
    "ISO27001": "ISO/IEC 27001:2022, Annex A",
    "SOC2": "SOC 2, Trust Services Criteria",
    "CIS-Azure": "CIS Microsoft Azure Foundations Benchmark, v3.0.0",
}


@dataclass(frozen=True, slots=True)
class Framework:
    """`controls` are those that some rule supports, in the framework's order, each with its rules by id."""

    key: str
    name: str
    controls: Mapping[str, tuple[Rule, ...]]


def known(rules: Sequence[Rule]) -> dict[str, Framework]:
    """The frameworks that the rules name, ours first, then people's own."""
    found: dict[str, dict[str, list[Rule]]] = {key: {} for key in NAMES}
    for rule in rules:
        for control in rule.info.controls:
            key, _, id = control.partition(":")
            found.setdefault(key, {}).setdefault(id, []).append(rule)
    return {
        key: Framework(key, NAMES.get(key, key), {id: tuple(controls[id]) for id in sorted(controls, key=_order)})
        for key, controls in found.items()
    }


def pick(rules: Sequence[Rule], name: str) -> Framework:
    """The framework of a name, in any letters. Raises UserError for one that no rule names."""
    frameworks = known(rules)
    folded = _fold(name)
    for framework in frameworks.values():
        if folded in (_fold(framework.key), _fold(framework.name)):
            return framework
    listed = f"known: {', '.join(f'`{key}`' for key in frameworks)}"
    near = suggest(name.upper(), list(frameworks))
    raise UserError(f"no rule supports a framework `{name}`", help=f"{near} {listed}".strip())


def _fold(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _order(id: str) -> list[tuple[int, str]]:
    """`AC-6(5)` after `AC-6` and before `AC-10`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", id)]
