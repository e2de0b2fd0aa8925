"""What no scan of rights can see, in words: it stands beside every answer and report, so that silence is not taken for an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanner.derive.access.ways import holds_guarded_data
from scanner.graph.estate import UNSET, Estate

_NETWORK = "what the network lets through"
# Stores with users and roles that only they themselves know.
_OWN_USERS = {"cosmos-account", "sql-server", "sql-database", "postgresql-server"}
_NAMED = 3


def of_data(estate: Estate, stores: Iterable[int]) -> tuple[str, ...]:
    """What may open stores beside all that an answer about them says."""
    stores = list(stores)
    accounts = [store for store in stores if estate.kind(store) == "storage-account"]
    files = [estate.name(store) for store in accounts if estate.get(store, "hierarchical") in (True, UNSET)]
    bases = [estate.name(store) for store in stores if estate.kind(store) in _OWN_USERS]
    said = [f"access control lists inside {_some(files)}"] * bool(files)
    said += ["SAS tokens, stored access policies"] * bool(accounts)
    said += [f"users and roles of their own inside {_some(bases)}"] * bool(bases)
    return (*said, *_directory(estate), _NETWORK)


def of_release(estate: Estate) -> tuple[str, ...]:
    """What may change what production answers beside all that is said of releasing."""
    outside = [
        estate.name(node)
        for node in estate.nodes("outside-subject")
        if any(estate.get(trusting, "release-workload") is True for trusting in estate.neighbours(node, "trusted-by"))
    ]
    return (*[f"who may edit what signs in as {_some(outside)}"] * bool(outside), *_directory(estate))


def of_report(estate: Estate) -> tuple[str, ...]:
    """What a scan cannot see of the data it guards and of releasing."""
    guarded = [store for store in estate.nodes("data-store") if holds_guarded_data(estate, store)]
    found = (*(of_data(estate, guarded) if guarded else ()), *of_release(estate))
    return tuple(dict.fromkeys(found))


def _directory(estate: Estate) -> list[str]:
    synchronised = [estate.name(node) for node in estate.nodes("group") if estate.get(node, "synchronised") is True]
    return [f"who may change {_some(synchronised)} on premises"] * bool(synchronised)


def _some(names: Sequence[str]) -> str:
    shown = sorted(dict.fromkeys(names), key=str.casefold)
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return ", ".join(shown[:_NAMED]) + more
