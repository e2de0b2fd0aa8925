"""Stored credentials: which datastores and connections keep something that opens a store, or that signs in as a workload."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scanner.graph.estate import Estate

_KEYS = ("account-key", "sas")


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret kept by `keeper` (a datastore or connection) that is used in a workspace, and so in that workspace's vault:
    the one it is of, or a project whose hub that is.
    """

    keeper: int
    workspace: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """By the store they open, and by the workload they sign in as."""

    opening: Mapping[int, Sequence[Credential]]
    signing_in: Mapping[int, Sequence[Credential]]


def find(estate: Estate) -> Credentials:
    """All of an estate. A credential of Azure AD is none: with it everybody signs in as themselves."""
    opening: defaultdict[int, list[Credential]] = defaultdict(list)
    signing_in: defaultdict[int, list[Credential]] = defaultdict(list)
    for kind, belongs, leads in (
        ("datastore", "datastore-of", "stored-in"),
        ("connection", "connection-of", "connects-to"),
    ):
        for keeper in estate.nodes(kind):
            workspace = estate.first(keeper, belongs)
            if workspace is None:
                continue
            kept = [Credential(keeper, where) for where in (workspace, *_projects(estate, keeper, workspace))]
            for workload in estate.neighbours(keeper, "signs-in-as"):
                signing_in[workload] += kept
            opens = (
                estate.get(keeper, "credential") in _KEYS
                if kind == "datastore"
                else estate.get(keeper, "stores-secret") is True
                and estate.get(keeper, "auth-type") != "service-principal"
            )
            if opens:
                for store in estate.neighbours(keeper, leads):
                    opening[store] += kept
    return Credentials(opening, signing_in)


def _projects(estate: Estate, keeper: int, workspace: int) -> Sequence[int]:
    """The projects that use what a hub keeps: its connections, unless they are shared with some people only."""
    shared = estate.kind(keeper) == "connection" and estate.get(keeper, "shared-to-all") is not False
    return estate.neighbours(workspace, "hub-of") if shared else ()
