"""Messages tell values as a person would: shares in percent, the words of enumerations, nothing in kebab case."""

from __future__ import annotations

import pytest

from scanner.graph.edges import ONTOLOGY
from scanner.graph.estate import UNSET, Estate
from scanner.graph.ontology import FLOWING, WAYS
from scanner.policy.message import not_known, tell


@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("headroom", 0.05, "5%"),
        ("fair-share", 1 / 3, "33.3%"),
        ("share", 1.0, "100%"),
        ("limit", 1.0, "1"),
        ("headroom-wanted", None, "none"),
        ("largest-share", UNSET, "unknown"),
        ("way", "run-as-compute", "running code as a compute's identity"),
        ("creates", frozenset({"resource-group", "workspace"}), "resource group and workspace"),
        ("environment", "my-dev", "my-dev"),
        ("data-classes", frozenset({"patient-no"}), "patient-no"),
        ("data-classes", frozenset({"c", "a", "b"}), "a, b and c"),
        ("data-classes", frozenset(), "none"),
    ],
)
def test_a_value_is_told_in_words(attribute: str, value: object, words: str) -> None:
    assert tell(value, attribute) == words


@pytest.mark.parametrize("way", WAYS)
def test_every_way_has_words_that_follow_by(way: str) -> None:
    assert "-" not in tell(way, "way")


def test_what_people_named_is_never_reworded() -> None:
    """A word of an enumeration replaces none of the names an attribute can hold."""
    free = {name for kind in ONTOLOGY.kinds.values() for name, one in kind.attributes.items() if not one.values}
    fixed = {name for kind in ONTOLOGY.kinds.values() for name, one in kind.attributes.items() if one.values}

    assert not {name for name in free & fixed if tell("a-b", name) != "a-b"}
    assert all(tell(what, "what") == what for what in FLOWING)


def test_what_is_not_known_is_named_where_no_gap_explains_it() -> None:
    estate = Estate()
    gus = estate.add("user", "gus", name="Gus")
    estate.set(gus, "guest", True)

    assert not_known(estate, ("guest", "account-enabled", "arm:tags.owner"), (gus,)) == [
        "`account-enabled` of Gus is not known"
    ]
    assert not_known(estate, ("account-enabled", "declared-guest"), (gus,)) == [
        "`account-enabled` and `declared-guest` of Gus are not known"
    ]
