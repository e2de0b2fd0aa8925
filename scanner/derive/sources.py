"""Where the chains of an opening come from: the stages of the environments they enter by, so that rules fit any naming."""

from __future__ import annotations

from scanner.graph.estate import Estate


def derive(estate: Estate) -> None:
    """Writes `from-stages` on every opening whose `from-environments` is known."""
    stages = {estate.name(node): estate.get(node, "stage") for node in estate.nodes("environment")}
    for opening in estate.nodes("opening"):
        found = estate.get(opening, "from-environments")
        if isinstance(found, frozenset):
            known = {stages.get(name) for name in found}
            estate.set(opening, "from-stages", frozenset(stage for stage in known if isinstance(stage, str)))
