"""Openings: each cause that lets identities reach data they were not meant to, once for an environment, class, way and access."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pyroaring import BitMap

from scanner.derive.access import actions
from scanner.derive.access.approval import Approval, Target
from scanner.derive.access.chains import explain
from scanner.derive.access.engine import RIGHTS, Action, Engine, Grant
from scanner.graph.estate import UNSET, Estate

_GUID_LIST = re.compile(
    r"roleDefinitionId\]\s*(ForAnyOfAnyValues|ForAnyOfAllValues)\s*:\s*GuidEquals\s*\{([0-9a-fA-F,\s-]*)\}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reach:
    """A grant that opens a target by a way: to whom, and how sure that is. `gaps` say what would settle a doubt."""

    grant: Grant
    way: str
    access: str
    who: BitMap
    certain: bool
    gaps: tuple[int, ...] = ()
    reopened: bool = False
    through: int | None = None  # the workspace whose rights hand out the keys


@dataclass(slots=True)
class _Opening:
    """What is known of one opening so far."""

    reach: Reach
    cause: str
    approved: bool
    residual: bool
    platform: bool
    owner: int | None = None  # who could join the approved group, when that is the cause
    group: int | None = None
    who: BitMap = field(default_factory=BitMap)
    targets: list[tuple[int, bool, tuple[int, ...]]] = field(default_factory=list)


def derive(engine: Engine) -> None:
    """Makes opening nodes for storage accounts that hold data, and the gaps that keep accounts from passing."""
    estate = engine.estate
    approval = Approval(engine)
    openings: dict[str, _Opening] = {}
    unread_roles = any(
        estate.get(role, "permissions") is UNSET for role in (*estate.nodes("role"), *estate.nodes("missing"))
    )
    for account in estate.nodes("storage-account"):
        if estate.get(account, "holds-data") is not True or account in estate.aside:
            continue
        for gap in engine.gaps(account, RIGHTS):
            estate.mark_gap(account, "opened-by", gap)
        if unread_roles:
            _unread_roles(engine, account)
        classes = estate.get(account, "data-classes") or frozenset()
        environment, unit = estate.get(account, "environment"), estate.get(account, "unit")
        target = Target(
            environment if isinstance(environment, str) else None, classes, unit if isinstance(unit, str) else None
        )
        for reach in reaches(engine, account):
            _settle(approval, openings, account, target, reach)
    for key, opening in sorted(openings.items()):
        _node(engine, key, opening)


def _unread_roles(engine: Engine, account: int) -> None:
    """A grant whose role could not be read may be anything."""
    estate = engine.estate
    for scope in (*engine.chain(account), *engine.children.get(account, ())):
        for grant in engine.grants.get(scope, ()):
            if estate.get(grant.role, "permissions") is UNSET:
                for gap in estate.gaps_at(grant.role, "*"):
                    estate.mark_gap(account, "opened-by", gap)


# -- the ways -----------------------------------------------------------------------------------------------------


def reaches(engine: Engine, account: int) -> Iterator[Reach]:
    """Every grant that lets somebody read or write the data of an account, by way."""
    scopes = engine.chain(account)
    yield from _data_roles(engine, account, (*scopes, *engine.children.get(account, ())))
    yield from _keys(engine, account, scopes, actions.ACCOUNT_KEYS, "account-key", account)
    for workspace in engine.estate.neighbours(account, "default-store-of"):
        yield from _keys(engine, workspace, engine.chain(workspace), actions.WORKSPACE_KEYS, "workspace-keys", account)
    yield from _grant_self(engine, account, scopes)


def _allowed(
    engine: Engine, place: int, grant: Grant, wanted: tuple[Action, ...]
) -> tuple[BitMap, bool, tuple[int, ...]]:
    """Who may take any of the actions by a grant: the identities, whether for certain, and unread denials."""
    everybody = engine.members(grant.principal)
    if not engine.denies:  # nobody is kept out: no set needs to be made
        sure = engine.can_any(grant.role, wanted) == "yes" and not grant.condition
        gaps = tuple(engine.gaps(place, ("deny-assignment",))) if everybody else ()
        return everybody, sure and not gaps, gaps
    certain, perhaps = BitMap(), BitMap()
    for action in wanted:
        answer = engine.can(grant.role, action)
        if answer not in ("yes", "conditional"):
            continue
        denied, doubtful = engine.denied(place, action)
        left = everybody - denied
        if answer == "conditional" or grant.condition:
            perhaps |= left
        else:
            certain |= left - doubtful
            perhaps |= left
    gaps = tuple(engine.gaps(place, ("deny-assignment",))) if certain or perhaps else ()
    if certain:
        return certain, not gaps, gaps
    return perhaps, False, gaps


def _data_roles(engine: Engine, account: int, scopes: tuple[int, ...]) -> Iterator[Reach]:
    for scope in scopes:
        for access, wanted in (("read", actions.DATA_READ), ("write", actions.DATA_WRITE)):
            for grant in engine.granting(scope, wanted):
                who, certain, gaps = _allowed(engine, account, grant, wanted)
                if who:
                    yield Reach(grant, "data-role", access, who, certain, gaps)


def _keys(
    engine: Engine, place: int, scopes: tuple[int, ...], wanted: tuple[Action, ...], way: str, account: int
) -> Iterator[Reach]:
    """Keys open everything unless the account refuses them; whoever may write the account can turn that around."""
    estate = engine.estate
    accepted = estate.get(account, "shared-key-access")
    for scope in scopes:
        for grant in engine.granting(scope, wanted):
            who, certain, gaps = _allowed(engine, place, grant, wanted)
            reopened = False
            if accepted is False:
                reopeners = _reopeners(engine, account)
                who, reopened = who & reopeners, True
            elif accepted is UNSET:
                certain = False
                gaps = (*gaps, *estate.gaps_at(account, "*"), *estate.gaps_at(account, "shared-key-access"))
            for access in ("read", "write"):
                if who:
                    yield Reach(grant, way, access, who, certain, gaps, reopened, place if place != account else None)


def _reopeners(engine: Engine, account: int) -> BitMap:
    """Identities that may write the account and so switch keys on again."""
    found = BitMap()
    for scope in engine.chain(account):
        for grant in engine.granting(scope, (actions.ACCOUNT_WRITE,)):
            if engine.can(grant.role, actions.ACCOUNT_WRITE) == "yes" and not grant.condition:
                found |= engine.members(grant.principal) - engine.denied(account, actions.ACCOUNT_WRITE)[0]
    return found


def _grant_self(engine: Engine, account: int, scopes: tuple[int, ...]) -> Iterator[Reach]:
    for scope in scopes:
        for grant in engine.granting(scope, (actions.ASSIGN_ROLES,)):
            limited = _limited_to(engine, grant)
            if limited is False:
                continue
            who, certain, gaps = _allowed(engine, account, grant, (actions.ASSIGN_ROLES,))
            if limited is True:  # the condition was read in full: it admits a role that opens data
                certain = not gaps
            for access in ("read", "write"):
                if who:
                    yield Reach(grant, "grant-self", access, who, certain, gaps)


def _limited_to(engine: Engine, grant: Grant) -> bool | None:
    """Reads the one form of condition that lists the roles that may be given.

    True: a listed role opens data; False: none does; None: no condition, or one of another form.
    """
    texts = [grant.condition] if grant.condition else []
    if engine.can(grant.role, actions.ASSIGN_ROLES) == "conditional":
        texts += engine.conditions(grant.role, actions.ASSIGN_ROLES)
    if not texts:
        return None
    estate = engine.estate
    for text in texts:
        lists = _GUID_LIST.findall(text)
        if not lists:
            return None
        for _, guids in lists:
            for guid in re.split(r"[,\s]+", guids.strip().lower()):
                role = estate.node(guid)
                if role is None or estate.get(role, "permissions") is UNSET:
                    return None
                wanted = (*actions.DATA_READ, *actions.DATA_WRITE, *actions.ACCOUNT_KEYS, actions.ASSIGN_ROLES)
                if engine.can_any(role, wanted) != "no":
                    return True
    return False


# -- against the scenario -----------------------------------------------------------------------------------------


def _settle(approval: Approval, openings: dict[str, _Opening], account: int, target: Target, reach: Reach) -> None:
    """Sorts the people of one reach into approved, residual, platform and unwanted, and adds to the openings."""
    grant, estate = reach.grant, approval.estate
    who = reach.who - approval.break_glass
    if not who:
        return
    cause = estate.key(grant.node)
    if approval.platform(grant, target, reach.access):
        _add(openings, account, target, reach, cause, who, platform=True)
        return
    if approval.same_environment(grant.principal, target):
        _add(openings, account, target, reach, cause, who, approved=True)
        return
    let_in, doubtful = approval.approved(grant, target, reach.way, reach.access)
    residual = approval.residual(grant, target, reach.way)
    unwanted = who - let_in - residual
    doubts = approval.doubts(grant)
    if unwanted and (doubtful or doubts):
        gaps = (*reach.gaps, *estate.gaps_at(grant.node, "mark"), *doubts)
        reach = Reach(grant, reach.way, reach.access, reach.who, False, gaps, reach.reopened, reach.through)
    if unwanted:
        _add(openings, account, target, reach, cause, unwanted)
    elif who & let_in:
        _add(openings, account, target, reach, cause, who & let_in, approved=True)
    elif who & residual:
        _add(openings, account, target, reach, cause, who & residual, approved=True, residual=True)
    _owners(approval, openings, account, target, reach, who, let_in)


def _owners(
    approval: Approval,
    openings: dict[str, _Opening],
    account: int,
    target: Target,
    reach: Reach,
    who: BitMap,
    let_in: BitMap,
) -> None:
    """Whoever may join a group that is let in can let themselves in; an administrator's ownership is administration."""
    estate = approval.estate
    for group in approval.groups_that_let_in(reach.grant, target, reach.way, reach.access):
        for owner in estate.neighbours(group, "may-be-joined-by"):
            outside = approval.engine.members(owner) - who - let_in - approval.break_glass
            outside = BitMap(n for n in outside if estate.get(n, "administrator") is not True)
            if outside and estate.get(owner, "origin") == "own":
                cause = f"owner:{estate.key(owner)}|{estate.key(group)}"
                _add(openings, account, target, reach, cause, outside, owner=owner, group=group)


def _add(
    openings: dict[str, _Opening], account: int, target: Target, reach: Reach, cause: str, who: BitMap, *, approved: bool = False,
    residual: bool = False, platform: bool = False, owner: int | None = None, group: int | None = None,
) -> None:  # fmt: skip
    classes = "+".join(sorted(target.classes)) or "-"
    state = "platform" if platform else "residual" if residual else "approved" if approved else ""
    key = f"opening:{target.environment or '-'}|{classes}|{reach.way}|{reach.access}|{cause}" + (
        f"|{state}" if state else ""
    )
    opening = openings.get(key)
    if opening is None:
        opening = openings[key] = _Opening(reach, cause, approved or platform, residual, platform, owner, group)
    opening.who |= who
    opening.targets.append((account, reach.certain, reach.gaps))


def _node(engine: Engine, key: str, opening: _Opening) -> None:
    estate, reach = engine.estate, opening.reach
    node = estate.add("opening", key)
    words = estate.name(reach.grant.node)
    if opening.owner is not None and opening.group is not None:
        words = f"{estate.name(opening.owner)}, who owns {estate.name(opening.group)},"
    mark = "may-join" if opening.owner is not None else "can-reopen" if reach.reopened else reach.grant.mark
    people = sorted(opening.who, key=estate.key)
    facts = {
        "name": words, "way": reach.way, "access": reach.access, "approved": opening.approved, "residual": opening.residual,
        "platform": opening.platform, "mark": mark if mark is not None else UNSET, "cause": words, "people": len(people),
        "opened-to": "1 identity" if len(people) == 1 else f"{len(people)} identities",
        "examples": frozenset(estate.key(n) for n in people[:5]), "targets": frozenset(estate.key(t) for t, _, _ in opening.targets),
        "fix": _fix(estate, opening),
    }  # fmt: skip
    for attribute, value in facts.items():
        estate.set(node, attribute, value)
    seen: set[int] = set()
    for account, certain, gaps in opening.targets:
        if account in seen:
            continue
        seen.add(account)
        if certain:
            estate.connect(account, "opened-by", node, f"by {reach.way}")
        else:
            estate.connect(account, "may-be-opened-by", node, f"by {reach.way}", gap=gaps[0] if gaps else None)
    if not opening.approved:
        start, steps = explain(engine, reach, people[0], opening.targets[0][0], opening.owner, opening.group)
        estate.set_chain(node, start, steps)


def _fix(estate: Estate, opening: _Opening) -> str:
    """The step that closes it."""
    if opening.approved:
        return ""
    if opening.owner is not None and opening.group is not None:
        return f"Remove {estate.name(opening.owner)} as owner of {estate.name(opening.group)}, or make the owner an administrator"
    grant = opening.reach.grant
    return f"Remove the assignment of {estate.name(grant.role)} to {estate.name(grant.principal)} at {estate.original(grant.scope)}"
