"""Words that organisations use for stages, and for the tags that tell environments, classes and units apart."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

# word -> (name of the environment, stage); a name of its own where the word is more than another spelling of the stage
_STAGES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("dev", "devel", "develop", "development"), ("development", "development")),
    **dict.fromkeys(("tst", "test", "testing"), ("test", "test")),
    **dict.fromkeys(("prod", "prd", "production"), ("production", "production")),
    **dict.fromkeys(("explore", "exploration"), ("exploration", "exploration")),
    **{word: (word, "test") for word in ("qa", "uat", "acceptance", "acc", "staging", "stage", "preprod", "integration")},
    **{word: (word, "development") for word in ("research", "lab", "limited", "nonprod", "experiment", "experiments")},
    **{word: (word, "exploration") for word in ("sandbox", "playground")},
    "live": ("live", "production"),
}  # fmt: skip
ENVIRONMENT_TAGS = ("environment", "env", "stage", "lifecycle", "tier")
CLASS_TAGS = (
    "data-class",
    "dataclass",
    "data_class",
    "data-classification",
    "dataclassification",
    "classification",
    "sensitivity",
    "class",
    "data",
)
UNIT_TAGS = {"project": "project", "solution": "project", "use-case": "project", "usecase": "project", "application": "project", "app": "project", "team": "team", "squad": "team", "department": "team"}  # fmt: skip
COST_TAGS = (
    "cost-centre",
    "cost-center",
    "costcentre",
    "costcenter",
    "cost_centre",
    "cost_center",
    "billing",
    "solution",
)
AUDIENCE_TAGS = ("audience", "market")
OPEN = {"public", "open", "synthetic", "unrestricted"}
_SPLIT = re.compile(r"[^a-z0-9]+")


def stage_of(value: str) -> tuple[str, str] | None:
    """(environment's name, stage) that a tag's value stands for."""
    return _STAGES.get(value.strip().lower())


def stage_in(name: str) -> tuple[str, str] | None:
    """The same for a word within a name, `rg-churn-prod`; None where there is none, or several that differ."""
    found = {_STAGES[word] for word in _SPLIT.split(name.lower()) if word in _STAGES}
    return found.pop() if len(found) == 1 else None


def without_stage(name: str) -> str:
    """A name without its words for stages: `grp-ds-prod` is `grp-ds`."""
    return "-".join(word for word in _SPLIT.split(name.lower()) if word and word not in _STAGES)


def kebab(text: str, taken: Collection[str] = (), otherwise: str = "other") -> str:
    """A key for a scenario: lower case letters, digits and hyphens, and none that is taken."""
    plain = "-".join(word for word in _SPLIT.split(text.lower()) if word)[:40].strip("-") or otherwise
    if plain in ("true", "false", "null", "yes", "no", "on", "off", "y", "n") or not plain[0].isalpha():
        plain = f"{otherwise}-{plain}"
    if plain not in taken:
        return plain
    return next(f"{plain}-{n}" for n in range(2, len(taken) + 3) if f"{plain}-{n}" not in taken)


def plural(number: int, word: str) -> str:
    return (
        f"{number} {word}" if number == 1 else f"{number} {word[:-1]}ies" if word.endswith("y") else f"{number} {word}s"
    )


def some(names: Iterable[str], most: int = 6) -> str:
    """Some names for a comment."""
    listed = sorted(set(names))
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")
