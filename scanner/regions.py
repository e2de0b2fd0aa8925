"""Azure's public regions: where each one is, which boundaries hold it, and which region it is paired with.

The table is reference data with a date: pairs and places as the list-locations API gave them, countries, boundaries and
model data zones added from the places named. `global` is not a region. In other clouds the live list and the scenario's
own `regions:` say what this table cannot.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from scanner import ids

SOURCE = "Azure Resource Manager, list locations, public cloud, August 2026"


@dataclass(frozen=True, slots=True)
class Region:
    """`boundaries` are among EU (member states), EU-EFTA (Microsoft's EU Data Boundary), UK and US; `pair` is None where Azure
    offers none; `openai_zone` is EU, US or empty.
    """

    name: str
    display_name: str
    geography: str
    country: str
    iso: str
    boundaries: frozenset[str]
    pair: str | None
    openai_zone: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A region as Azure's live list has it. `geography` is None where the list did not say; `pair` is None where Azure pairs it
    with none, and empty where the list did not say.
    """

    name: str
    geography: str | None
    pair: str | None


@cache
def all() -> Mapping[str, Region]:
    """Every region of the table by its folded name."""
    text = resources.files("scanner").joinpath("regions.csv").read_text(encoding="utf-8")
    return {
        row["name"]: Region(
            row["name"], row["display"], row["geography"], row["country"], row["iso"],
            frozenset(filter(None, row["boundaries"].split(";"))), row["pair"] or None, row["openai_zone"],
        )
        for row in csv.DictReader(text.splitlines())
    }  # fmt: skip


def region(name: str) -> Region | None:
    """The region of a name or display name in any case; None when the table does not have it."""
    return all().get(ids.fold_location(name))


def difference(live: Listed) -> str | None:
    """In words, how the live list contradicts the table; None where it does not, or the table does not have the region."""
    known = all().get(live.name)
    if known is None:
        return None
    told = []
    if live.geography is not None and live.geography.lower() != known.geography.lower():
        told.append(f"in the geography {live.geography}, and the shipped table in {known.geography}")
    if live.pair != "" and live.pair != known.pair:
        told.append(f"paired with {live.pair or 'no region'}, and the shipped table with {known.pair or 'none'}")
    return f"Azure has it {'; '.join(told)}" if told else None


def is_region(location: str | None) -> bool:
    """Whether a resource's location names a place at all: `global` and nothing do not."""
    return bool(location) and ids.fold_location(location or "") != "global"


def within(
    region_names: Iterable[str] = (),
    country: Iterable[str] = (),
    geography: Iterable[str] = (),
    boundary: Iterable[str] = (),
) -> frozenset[str]:
    """The regions that satisfy any of the units: names, countries (name or ISO code), geographies, boundaries."""
    wanted = {ids.fold_location(name) for name in region_names}
    countries = {word.lower() for word in country}
    geographies = {word.lower() for word in geography}
    boundaries = {word.upper() for word in boundary}
    return frozenset(
        wanted
        | {
            r.name
            for r in all().values()
            if r.country.lower() in countries
            or r.iso.lower() in countries
            or r.geography.lower() in geographies
            or r.boundaries & boundaries
        }
    )


@cache
def _countries() -> Mapping[str, str]:
    found = {word.lower(): region.country for region in all().values() for word in (region.iso, region.country)}
    return found | {"uk": "United Kingdom", "great britain": "United Kingdom", "usa": "United States"}


def country(name: str) -> str | None:
    """One spelling for a country: its name where Azure has a region there, else its two letters; None for anything else."""
    wanted = name.strip().lower()
    known = _countries().get(wanted)
    if known is not None:
        return known
    return wanted.upper() if len(wanted) == 2 and wanted.isascii() and wanted.isalpha() else None
