"""Where a region lies: one answer for all, from the shipped table, the scenario's `regions:`, and Azure's live list.

The live list knows geography and pair and no country, so it places nothing in a home of countries or boundaries. Where it
contradicts the table in the pair, it is believed; that it does is a doubt (RES33). A region it does not have is no
contradiction: a subscription sees only the regions it may use (`azure/05-residency.md`, section 1).
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner import regions
from scanner.errors import Span
from scanner.graph.estate import UNSET, Estate

LIST = "location"  # the record kind of the live list


def region(estate: Estate, name: str) -> int:
    """The node of a region's folded name, made and described if new."""
    node = estate.node(name)
    if node is not None:
        return node
    node = estate.add("region", name, name)
    known, live = regions.region(name), estate.listed.get(name)
    estate.set(node, "known", known is not None)
    if known:
        estate.set(node, "country", known.country)
        estate.set(node, "geography", known.geography)
        estate.set(node, "boundaries", known.boundaries)
    elif live and live.geography:
        estate.set(node, "geography", live.geography)
    estate.set(node, "place-doubt", _doubt(estate, name))
    for index, gap in enumerate(estate.gaps):
        if gap.kind == LIST:
            unread(estate, node, index)
    return node


def place(estate: Estate, name: str, country: str | None, boundaries: Iterable[str], line: Span) -> int:
    """A region that the table does not have lies where the scenario says."""
    node = region(estate, name)
    estate.set(node, "known", True, line)
    estate.set(node, "country", country, line)
    estate.set(node, "boundaries", frozenset(boundaries), line)
    estate.set(node, "place-doubt", None)
    return node


def unread(estate: Estate, node: int, gap: int) -> None:
    """A live list that was not read may contradict what the table says of a region that no other list shows."""
    name = estate.key(node)
    if name not in estate.listed and regions.region(name) is not None:
        estate.set(node, "place-doubt", UNSET)
        estate.mark_gap(node, "place-doubt", gap)


def placed(estate: Estate, name: str) -> bool:
    """Whether the table or the live list has the region, so that its pair is known."""
    live = estate.listed.get(name)
    return regions.region(name) is not None or (live is not None and live.pair != "")


def pair(estate: Estate, name: str) -> str | None:
    """The paired region by the live list, else by the table; None where there is none, or nobody says (`placed`)."""
    live, known = estate.listed.get(name), regions.region(name)
    if live is not None and live.pair != "":
        return live.pair
    return known.pair if known else None


def geography(estate: Estate, name: str) -> tuple[str, frozenset[str]] | None:
    """A region's geography in words, and its regions; None where nobody places the region.

    Of regions that the scenario alone places, those of one country are one geography, as they are in other clouds.
    """
    known, live = regions.region(name), estate.listed.get(name)
    stated = known.geography if known else live.geography if live else None
    if stated:
        alike = {other.name for other in estate.listed.values() if other.geography == stated and not regions.region(other.name)}  # fmt: skip
        return f"the geography {stated}", regions.within(geography=[stated]) | alike
    node = estate.node(name)
    country = estate.get(node, "country") if node is not None else None
    if not isinstance(country, str):
        return None
    return f"the geography of {country}", frozenset(
        estate.key(other) for other in estate.nodes("region")
        if estate.get(other, "country") == country and regions.region(estate.key(other)) is None
    )  # fmt: skip


def _doubt(estate: Estate, name: str) -> str | None:
    live = estate.listed.get(name)
    if regions.region(name) is None:
        seen = f"; Azure lists it in the geography {live.geography}" if live and live.geography else ""
        return f"neither the shipped table nor the scenario says in which country it lies{seen}"
    return regions.difference(live) if live else None
