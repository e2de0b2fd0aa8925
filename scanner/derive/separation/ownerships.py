"""Owners of groups that open production: those whom neither an opening of data nor separation of development tells of."""

from __future__ import annotations

from scanner.derive.access import Access


def derive(access: Access) -> None:
    """Ties groups that open production to whoever may join them, or a group nested in them, and is told of nowhere else."""
    engine, estate = access.engine, access.engine.estate
    for group in estate.nodes("group"):
        if estate.get(group, "opens-production") is False:
            continue
        told = {owner for edge in ("lets-in", "perhaps-lets-in") for owner in estate.neighbours(group, edge)}
        for inner in engine.inner_groups(group):
            for gap in estate.gaps_at(inner, "may-be-joined-by"):
                estate.mark_gap(group, "left-to-be-joined-by", gap)
            for owner in dict.fromkeys(estate.neighbours(inner, "may-be-joined-by")):
                if owner in told or (owner, inner) in access.ownerships.told:
                    continue
                doubts = access.ownerships.doubts(owner, inner)
                for gap in doubts:
                    estate.mark_gap(group, "left-to-be-joined-by", gap)
                if not doubts:
                    estate.connect(owner, "left-to-join", group, f"owns {estate.name(inner)} or may become its owner")
