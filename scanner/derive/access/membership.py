"""Who is in which group: everybody at any depth as sets, and the shortest way from a member to a group."""

from __future__ import annotations

from pyroaring import BitMap

from scanner.derive.access.closure import closure
from scanner.graph.estate import Estate

Membership = list[tuple[str, int]]  # groups on the way, each with the edge that leads to it


def members_of_groups(estate: Estate, standing: bool = False, joining: bool = False) -> dict[int, BitMap]:
    """Everybody in each group, those who may activate membership included unless only `standing` ones count.

    Whoever activated a membership counts as eligible for it, or answers would depend on the hour. So does, where
    `joining` counts, whoever may add themselves. Groups in a circle share one set.
    """
    direct: dict[int, BitMap] = {}
    nested: dict[int, list[int]] = {}
    for group in estate.nodes("group"):
        eligible = list(estate.neighbours(group, "has-eligible-member"))
        joiners = estate.neighbours(group, "may-be-joined-by") if joining else ()
        members: list[int] = list(estate.neighbours(group, "has-member"))
        # whoever is in a group and may join it, too, is in it
        found = [m for m in members if m not in eligible] if standing else [*members, *eligible, *joiners]
        nested[group] = [member for member in found if estate.kind(member) == "group"]
        direct[group] = BitMap(member for member in found if estate.kind(member) != "group")
    return closure(direct, lambda group: nested[group])


def membership(estate: Estate, member: int, group: int, joining: bool = False) -> Membership:
    """The groups on the shortest way from a member to a group, each with the edge that leads to it; standing membership
    before one that must be activated, and only where `joining` counts and no other way is there, groups that one may
    join. Empty when they are the same, or when there is none.
    """
    found = _way(estate, member, group, ("member-of", "eligible-member-of"))
    return found or _way(estate, member, group, ("member-of", "eligible-member-of", "may-join")) if joining else found


def _way(estate: Estate, member: int, group: int, edges: tuple[str, ...]) -> Membership:
    if member == group:
        return []
    before: dict[int, tuple[str, int]] = {}
    frontier = [member]
    while frontier:
        following: list[int] = []
        for place in frontier:
            for edge in edges:
                for above in sorted(estate.neighbours(place, edge), key=estate.key):
                    if above in before or above == member:
                        continue
                    before[above] = (edge, place)
                    if above == group:
                        path = [(edge, above)]
                        while place != member:
                            path.append((before[place][0], place))
                            place = before[place][1]
                        return path[::-1]
                    following.append(above)
        frontier = following
    return []
