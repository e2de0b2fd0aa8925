"""Evaluates rules over a derived estate: for each subject pass, fail or unknown, with the chain that shows it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache, partial
from typing import Any

from scanner import ids
from scanner.errors import Span
from scanner.findings import NO_PLACE, Chain, Finding, Gap, NodeRef, RuleResult
from scanner.graph.estate import UNSET, Estate
from scanner.graph.unseen import list_of
from scanner.policy import shortcut
from scanner.policy.compile import candidates
from scanner.policy.match import Answer, holds
from scanner.policy.message import message, not_known, tell
from scanner.policy.model import Condition, Reference, Rule, comparisons
from scanner.policy.shortcut import Ask
from scanner.policy.walk import Reached, Route, chain, route, unseen, walk

Walk = Callable[[int], Reached]


def evaluate(
    estate: Estate,
    rules: Sequence[Rule],
    *,
    patterns: Collection[str],
    keys: Collection[str],
    decided: Sequence[Finding] = (),
) -> tuple[RuleResult, ...]:
    """One result for every rule, in the order given.

    `patterns` and `keys` are those of the scenario; `decided` are findings that loading or binding made. A rule
    decided by coverage reports the gaps that the other rules met.
    """
    results: list[RuleResult] = []
    ready: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in decided:
        ready[finding.rule].append(finding)
    walker = _walkers(estate, rules)
    for rule in rules:
        left_out = _not_applicable(rule, patterns, keys)
        if left_out:
            results.append(RuleResult(rule.info, not_applicable=left_out))
        elif rule.info.decided_by == "graph":
            results.append(_evaluate(estate, rule, *walker(rule)))
        else:
            findings = tuple(ready[rule.info.id])
            results.append(RuleResult(rule.info, len(findings), 0, findings))
    return tuple(_coverage(result, results) if result.rule.decided_by == "coverage" else result for result in results)


def _not_applicable(rule: Rule, patterns: Collection[str], keys: Collection[str]) -> str:
    if rule.patterns and not set(rule.patterns) & set(patterns):
        return f"for {' and '.join(rule.patterns)} only"
    missing = [key for key in rule.needs if key not in keys]
    return f"the scenario has no `{missing[0]}`" if missing else ""


def _walkers(estate: Estate, rules: Sequence[Rule]) -> Callable[[Rule], tuple[Route, Walk]]:
    """How each rule walks, prepared when it is asked for; rules that walk alike share the way and, subject by subject, the walk."""
    times = Counter(_way(rule) for rule in rules)

    @cache
    def walker(follow: frozenset[str], to: str, through: bool) -> tuple[Route, Walk]:
        by = route(estate, follow, estate.ontology.members(to) if to else (), through)
        once = partial(walk, estate, by=by)
        return by, cache(once) if times[follow, to, through] > 1 else once

    return lambda rule: walker(*_way(rule))


def _way(rule: Rule) -> tuple[frozenset[str], str, bool]:
    return rule.follow, rule.to, rule.through


def _evaluate(estate: Estate, rule: Rule, by: Route, walk_from: Walk) -> RuleResult:
    judged = 0
    findings: list[Finding] = []
    subjects_with_findings = 0
    ask = shortcut.asking(estate, rule)
    suspects: list[int] = []
    for kind in estate.ontology.members(rule.subject):
        count, some = candidates(estate, rule, kind)
        judged += count
        suspects += some
    for subject in shortcut.worth_a_walk(estate, rule, by, ask, suspects):
        found = list(_judge(estate, rule, subject, walk_from, ask))
        findings.extend(found)
        subjects_with_findings += bool(found)
    passed = judged - subjects_with_findings
    for kind in estate.ontology.members(rule.subject):
        unread = estate.unread_gaps(kind)
        if not unread or _left_out(rule, kind):
            continue
        lists: defaultdict[str, list[int]] = defaultdict(list)  # several of one scope may each hide some of a kind
        for gap in unread:
            lists[estate.gaps[gap].scope].append(gap)
        findings += [_unread(estate, rule, kind, gaps) for gaps in lists.values()]
        judged += len(lists)
    return RuleResult(rule.info, judged, passed, tuple(findings))


def _left_out(rule: Rule, kind: str) -> bool:
    """Whether `where` leaves out every node of a kind, by its type or for want of an attribute."""
    if any(test.attribute == "name" for test in comparisons(rule.where)):
        return False
    anyone = Estate()
    node = anyone.add(kind, "")
    if arm_type := anyone.ontology.kinds[kind].arm_type:
        anyone.set(node, "type", arm_type)
    return holds(anyone, rule.where, node, node) is False


def _judge(estate: Estate, rule: Rule, subject: int, walk_from: Walk, ask: Ask) -> Iterator[Finding]:
    where = holds(estate, rule.where, subject, subject)
    if where is False:
        return
    if rule.expectation == "must":
        yield from _must(estate, rule, subject, where)
        return
    reached = walk_from(subject)
    if rule.expectation == "never-together":
        yield from _never_together(estate, rule, subject, where, reached, ask)
    elif rule.expectation == "some":
        yield from _some(estate, rule, subject, where, reached, ask)
    else:
        yield from _each(estate, rule, subject, where, reached, ask)


def _must(estate: Estate, rule: Rule, subject: int, where: Answer) -> Iterator[Finding]:
    answer = holds(estate, rule.conditions[0], subject, subject)
    if answer is True:
        return
    if answer is False and where is True:
        yield _finding(estate, rule, subject, cause=estate.key(subject))
    else:
        yield _unknown(estate, rule, subject, _gaps_behind(estate, rule, subject, subject))


def _each(estate: Estate, rule: Rule, subject: int, where: Answer, reached: Reached, ask: Ask) -> Iterator[Finding]:
    """`every` node found must, or `none` may."""
    bad: Answer = rule.expectation == "none"
    (condition,) = rule.conditions
    offending = [node for node in reached.certain if ask(condition, node, subject) is bad]
    if offending and where is True:
        for node in offending:
            yield _finding(estate, rule, subject, cause=estate.key(node), found=(node,), reached=reached)
        return
    doubtful = [node for node in reached.certain if ask(condition, node, subject) is None]
    conditional = [node for node in reached.conditional if ask(condition, node, subject) is not (not bad)]
    if offending:
        yield _unknown(estate, rule, subject, _gaps_behind(estate, rule, subject, subject), offending[:1], reached)
    elif doubtful:
        gaps = [*reached.gaps, *(g for node in doubtful for g in _gaps_behind(estate, rule, node, subject))]
        yield _unknown(estate, rule, subject, gaps, doubtful[:1], reached)
    elif conditional:
        yield _conditional(estate, rule, subject, conditional[:1], reached)
    elif reached.gaps:
        yield _unknown(estate, rule, subject, reached.gaps, (), reached)


def _some(estate: Estate, rule: Rule, subject: int, where: Answer, reached: Reached, ask: Ask) -> Iterator[Finding]:
    (condition,) = rule.conditions
    answers = [ask(condition, node, subject) for node in reached.certain]
    if True in answers:
        return
    maybe = [node for node in reached.conditional if ask(condition, node, subject) is not False]
    if None in answers or reached.gaps or where is None:
        doubtful = [node for node, answer in zip(reached.certain, answers, strict=True) if answer is None]
        gaps = [*reached.gaps, *(g for node in (*doubtful, subject) for g in _gaps_behind(estate, rule, node, subject))]
        yield _unknown(estate, rule, subject, gaps, (), reached)
    elif maybe:
        yield _conditional(estate, rule, subject, maybe[:1], reached)
    else:
        yield _finding(estate, rule, subject, cause=estate.key(subject))


def _never_together(
    estate: Estate, rule: Rule, subject: int, where: Answer, reached: Reached, ask: Ask
) -> Iterator[Finding]:
    sure: list[int | None] = []
    possible: list[int | None] = []
    for condition in rule.conditions:
        sure.append(next((n for n in reached.certain if ask(condition, n, subject) is True), None))
        anything = (*reached.certain, *reached.conditional)
        possible.append(next((n for n in anything if ask(condition, n, subject) is not False), None))
    left, right = sure
    if left is not None and right is not None:
        if where is True:
            cause = "+".join(sorted((estate.key(left), estate.key(right))))
            yield _finding(estate, rule, subject, cause=cause, found=(left, right), reached=reached)
        else:
            yield _unknown(estate, rule, subject, _gaps_behind(estate, rule, subject, subject), (left, right), reached)
        return
    both = [
        node
        for node in (sure[0] if left is not None else possible[0], right if right is not None else possible[1])
        if node is not None
    ]
    if len(both) == 2:
        if any(node in reached.conditional for node in both):
            yield _conditional(estate, rule, subject, both, reached)
        else:
            gaps = [*reached.gaps, *(g for node in both for g in _gaps_behind(estate, rule, node, subject))]
            yield _unknown(estate, rule, subject, gaps, both, reached)
    elif reached.gaps:
        yield _unknown(estate, rule, subject, reached.gaps, both, reached)
    elif both and unseen(estate, subject):
        # whoever is behind it may reach the other side in another way
        yield _unknown(estate, rule, subject, unseen(estate, subject), both, reached)


# -- findings -----------------------------------------------------------------------------------------------------


def _finding(
    estate: Estate, rule: Rule, subject: int, *, cause: str, found: Sequence[int] = (), reached: Reached | None = None
) -> Finding:
    fixes = (estate.get(node, "fix") for node in found)
    return Finding(
        rule.info.id, "fail", estate.ref(subject), cause, message(rule.message)(estate, subject, found),
        tuple(_chains(estate, subject, found, reached)), *_intent(estate, rule, subject, found), *_place(estate, subject),
        fix=next((fix for fix in fixes if isinstance(fix, str) and fix), ""),
    )  # fmt: skip


def _unknown(
    estate: Estate,
    rule: Rule,
    subject: int,
    gaps: Iterable[int],
    found: Sequence[int] = (),
    reached: Reached | None = None,
) -> Finding:
    known = tuple(dict.fromkeys(estate.gaps[index] for index in gaps))
    what = sorted(
        {
            f"could not read {gap.kind} of {gap.scope}"
            if gap.permission
            else f"{gap.scope} does not say where it is"
            if gap.reason == NO_PLACE
            else f"{gap.scope}: {gap.detail}"
            if gap.reason == "not stated"
            else f"could not find {gap.scope}"
            for gap in known
        }
    )
    because = ", ".join(
        what[:3] or not_known(estate, rule.compares, (*found, subject)) or ["a fact it needs could not be read"]
    )
    return Finding(
        rule.info.id, "unknown", estate.ref(subject), "unknown", f"{estate.name(subject)} cannot be judged: {because}",
        tuple(_chains(estate, subject, found, reached)), *_intent(estate, rule, subject, found), *_place(estate, subject),
        reason="gap", gaps=known,
    )  # fmt: skip


def _conditional(estate: Estate, rule: Rule, subject: int, found: Sequence[int], reached: Reached) -> Finding:
    """Unknown because the only chains have a step that rests on a condition, or on something unread."""
    gaps: list[int] = list(reached.gaps)
    for node in found:
        for before, edge, target in reached.path(node):
            gap = estate.edge_gap(before, edge, target)
            if gap is not None:
                gaps.append(gap)
    if gaps:
        return _unknown(estate, rule, subject, gaps, found, reached)
    return Finding(
        rule.info.id, "unknown", estate.ref(subject), "+".join(sorted(estate.key(node) for node in found)),
        f"{message(rule.message)(estate, subject, found)}, if a condition allows it",
        tuple(_chains(estate, subject, found, reached)), *_intent(estate, rule, subject, found), *_place(estate, subject),
        reason="condition",
    )  # fmt: skip


def _unread(estate: Estate, rule: Rule, kind: str, indices: Sequence[int]) -> Finding:
    gaps = tuple(estate.gaps[index] for index in indices)
    gap = gaps[0]
    title = estate.ontology.kinds[kind].title
    where = ids.last(gap.scope) or "the tenant"
    subject = NodeRef(f"unread:{kind}|{gap.scope}", kind, f"every {title} in {where}", gap.scope)
    lists = sorted({list_of(gap.kind) for gap in gaps})  # a list of something else may show one, too
    listed = f"list of {lists[0]}" if len(lists) == 1 else f"lists of {', '.join(lists[:-1])} and {lists[-1]}"
    return Finding(
        rule.info.id, "unknown", subject, "unknown", f"the {listed} in {where} could not be read",
        line=_first_line(estate), reason="gap", gaps=gaps,
    )  # fmt: skip


def _chains(estate: Estate, subject: int, found: Sequence[int], reached: Reached | None) -> Iterator[Chain]:
    if reached is None:
        return
    for node in found:
        yield chain(estate, subject, reached.path(node))
        more = estate.chain(node, subject)
        if more is not None:
            start, steps = more
            yield Chain(estate.ref(start), steps)


def _intent(estate: Estate, rule: Rule, subject: int, found: Sequence[int]) -> tuple[str, Span | None]:
    """What the scenario asked for, in words, and the line that says so: the value last compared, else the subject's
    environment, else the first line."""
    for name in reversed(rule.refers):
        line = estate.line(subject, name)
        value = (
            estate.get(subject, "home") if name in ("home-regions", "processing-regions") else estate.get(subject, name)
        )
        if line is not None:
            return tell(value, name), line
    for node in (*found, subject):
        for name in rule.compares:
            line = estate.line(node, name)
            if line is not None:
                return "", line
    return "", estate.line(subject, "environment") or _first_line(estate)


def _place(estate: Estate, subject: int) -> tuple[str, tuple[str, ...]]:
    environment = estate.get(subject, "environment")
    classes = estate.get(subject, "data-classes")
    return (
        environment if isinstance(environment, str) else "",
        _in_order(classes) if isinstance(classes, frozenset) else (),
    )


@cache
def _in_order(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _first_line(estate: Estate) -> Span | None:
    scenario = next(estate.nodes("scenario"), None)
    return estate.line(scenario, "name") if scenario is not None else None


def _gaps_behind(estate: Estate, rule: Rule, node: int, subject: int) -> list[int]:
    """The gaps that explain why something the rule compares at a node is not known."""
    conditions: list[Condition] = [*rule.conditions, *([rule.where] if node == subject else [])]
    found: list[int] = []
    for test in (t for condition in conditions for t in comparisons(condition)):
        at: list[tuple[int, Any]] = [(node, test.attribute)]
        if isinstance(test.value, Reference):
            at.append((subject, test.value.attribute))
        for place, attribute in at:
            if estate.get(place, attribute) is UNSET or estate.gaps_at(place, attribute):
                found.extend(estate.gaps_at(place, attribute))
                found.extend(estate.gaps_at(place, "*"))
    return found


# -- gaps ---------------------------------------------------------------------------------------------------------


def _coverage(result: RuleResult, results: Sequence[RuleResult]) -> RuleResult:
    """One finding for a missing permission and the highest scope common to the lists it would open."""
    touched: defaultdict[str, list[Gap]] = defaultdict(list)
    rules: defaultdict[str, set[str]] = defaultdict(set)
    verdicts: Counter[str] = Counter()
    line: Span | None = None
    for other in results:
        for finding in other.findings:
            for gap in finding.gaps:
                if gap.permission:
                    touched[gap.permission].append(gap)
                    rules[gap.permission].add(finding.rule)
                    verdicts[gap.permission] += 1
                    line = line or finding.line
    findings = []
    for permission, gaps in sorted(touched.items()):
        scope = _common(sorted({gap.scope for gap in gaps}))
        kinds = ", ".join(sorted({gap.kind for gap in gaps}))
        count = "1 verdict" if verdicts[permission] == 1 else f"{verdicts[permission]} verdicts"
        where = "in the directory" if scope == "tenant" else f"at {scope}"
        text = (f"grant {permission} {where}: {kinds} could not be read ({gaps[0].reason}), so "
                f"{count} of {', '.join(sorted(rules[permission]))} cannot be given")  # fmt: skip
        subject = NodeRef(f"gap:{permission}|{scope}", "gap", permission, scope)
        findings.append(
            Finding(
                result.rule.id,
                "unknown",
                subject,
                permission,
                text,
                line=line,
                reason="gap",
                gaps=tuple(dict.fromkeys(gaps)),
            )
        )
    return RuleResult(result.rule, len(findings), 0, tuple(findings))


def _common(scopes: Sequence[str]) -> str:
    """The lowest scope above all; the tenant root when subscriptions differ."""
    if len(scopes) == 1:
        return scopes[0]
    if not all(scope.startswith("/") for scope in scopes):
        return "tenant"
    scope = scopes[0]
    while not all(ids.contains(scope, other) for other in scopes):
        scope = ids.parent(scope) or ids.ROOT_SCOPE
    return scope
