"""Keys of production's endpoints: who may take them beside the platform, administrators and groups with a row there."""

from __future__ import annotations

from pyroaring import BitMap

from scanner.derive.access.actions import Action, Right
from scanner.derive.access.engine import RIGHTS, Engine
from scanner.derive.access.grants import administrators
from scanner.derive.access.held import Held
from scanner.graph.estate import UNSET

_ENDPOINT = "microsoft.machinelearningservices/workspaces/onlineendpoints"
_KEYS = Right(
    "take the endpoint's keys",
    tuple(Action(f"{_ENDPOINT}/{what}/action") for what in ("listkeys", "regeneratekeys", "token")),
)
_PLATFORM = {"microsoft", "host-default", "policy", "service"}


def derive(engine: Engine) -> None:
    """Ties endpoints of production that answer to keys or tokens to those who should not hold them."""
    estate = engine.estate
    let_in = _let_in(engine)
    for endpoint in estate.nodes("online-endpoint"):
        for gap in estate.gaps_at(endpoint, "stage"):  # it may be one of production
            estate.mark_gap(endpoint, "keys-open-to", gap)
        if estate.get(endpoint, "stage") != "production" or estate.get(endpoint, "auth-mode") == "aad-token":
            continue
        allowed = let_in.get(str(estate.get(endpoint, "environment")), BitMap())
        for held in engine.held(endpoint, _KEYS):
            _tie(engine, endpoint, held, allowed)
        unread = [
            g
            for scope in engine.chain(endpoint)
            for grant in engine.unread.get(scope, ())
            for g in estate.gaps_at(grant.role, "*")
        ]
        for gap in dict.fromkeys((*engine.gaps(endpoint, RIGHTS), *unread)):
            estate.mark_gap(endpoint, "keys-open-to", gap)


def _tie(engine: Engine, endpoint: int, held: Held, allowed: BitMap) -> None:
    estate, grant = engine.estate, held.grant
    origin = estate.get(grant.node, "origin")
    if origin in _PLATFORM or estate.get(grant.principal, "release-workload") is True:
        return
    who = held.who - allowed
    if not who:
        return
    unnamed = (gap for said in ("approved", "release-workload") for gap in estate.gaps_at(grant.principal, said))
    doubts = (*held.gaps, *estate.gaps_at(grant.node, "declared"), *unnamed)
    if origin is UNSET:
        doubts = (*doubts, *estate.gaps_at(grant.node, "origin"))
    certain = held.certain and not doubts and bool(who - engine.unseen)
    estate.connect(
        endpoint, "keys-open-to" if certain else "keys-perhaps-open-to", grant.principal, estate.name(grant.role),
        gap=None if certain else next(iter(doubts), None),
    )  # fmt: skip


def _let_in(engine: Engine) -> dict[str, BitMap]:
    """Identities that may hold the keys of an environment: its administrators, and groups with more to do there than look on."""
    estate = engine.estate
    found: dict[str, BitMap] = {}
    for principal, environments in administrators(estate).items():
        for environment in environments:
            found[environment] = found.get(environment, BitMap()) | engine.members(principal)
    for row in estate.nodes("role-row"):
        if estate.get(row, "duties") - {"observe"} or estate.get(row, "reads"):
            environment = estate.get(row, "environment")
            for principal in estate.neighbours(row, "names"):
                found[environment] = found.get(environment, BitMap()) | engine.members(principal)
    return found
