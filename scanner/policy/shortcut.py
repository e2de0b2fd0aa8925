"""What evaluating spares itself: conditions asked before, and walks from subjects that lead to nothing that could offend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from scanner.graph.estate import UNSET, Estate
from scanner.policy.match import Answer, holds
from scanner.policy.model import Condition, Rule
from scanner.policy.walk import Route, blind, leading_to

Ask = Callable[[Condition, int, int], Answer]  # a condition at a node that was found, for a subject
_FEW = 4  # conditions asked of targets for each subject, beyond which walking is as cheap
_PLAIN = (str, bool, int, float, frozenset, type(None))


def asking(estate: Estate, rule: Rule) -> Ask:
    """How conditions on what is found are asked: what does not depend on the subject once for each node, since many subjects
    lead to the same ones."""
    if rule.refers:
        return lambda condition, node, subject: holds(estate, condition, node, subject)
    known: dict[tuple[int, int], Answer] = {}

    def ask(condition: Condition, node: int, subject: int) -> Answer:
        key = (id(condition), node)
        if key not in known:
            known[key] = holds(estate, condition, node, subject)
        return known[key]

    return ask


def worth_a_walk(estate: Estate, rule: Rule, by: Route, ask: Ask, suspects: Sequence[int]) -> Sequence[int]:
    """The suspects that could fail or be unknown, found from the far end.

    Offending targets and gaps are few, subjects are many: whoever leads to none of them passes without a walk. What offends
    may depend on attributes of the subject: then subjects of the same values are taken together, if that makes few groups.
    """
    if rule.expectation not in ("every", "none", "never-together"):
        return suspects
    arrived = set[int]().union(*(estate.arrived_at(edge) for edge in by.edges))
    targets = [node for node in estate.nodes(rule.to) if node in arrived]
    groups, doubtful = _alike(estate, rule.refers, suspects)
    if len(groups) * len(targets) > _FEW * (len(suspects) + 1):
        return suspects
    fine = rule.expectation == "every"  # the answer that is no offence
    unseen = {node for node, name, _ in estate.gap_marks() if name == "*"}
    blind_ = blind(estate, by)
    worth = doubtful | blind_ | leading_to(estate, by, blind_)
    for group in groups:
        sides = [
            leading_to(estate, by, [t for t in targets if ask(condition, t, group[0]) is not fine])
            for condition in rule.conditions
        ]
        both = set.intersection(*sides)
        worth.update(n for n in group if n in both or (n in unseen and any(n in side for side in sides)))
    return [node for node in suspects if node in worth]


def _alike(estate: Estate, names: Sequence[str], subjects: Sequence[int]) -> tuple[list[list[int]], set[int]]:
    """Subjects by their values of some attributes, and those of which a value is not known whole."""
    if not names:
        return [list(subjects)] if subjects else [], set()
    groups: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
    doubtful: set[int] = set()
    for subject in subjects:
        values = tuple(estate.get(subject, name) if name != "name" else estate.name(subject) for name in names)
        odd = any(value is UNSET or not isinstance(value, _PLAIN) for value in values)
        if odd or any(estate.gaps_at(subject, name) for name in names):
            doubtful.add(subject)
        else:
            groups[tuple((type(value), value) for value in values)].append(subject)
    return list(groups.values()), doubtful
