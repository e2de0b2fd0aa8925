"""What a scenario file says of people and services: the role table, administrators, the release, what is shared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scanner import ids, regions
from scanner.errors import suggest
from scanner.scenario import parts
from scanner.scenario.model import Administrators, BreakGlass, Release, RoleRow, Service, Shared
from scanner.scenario.reading import Reader


def roles(reader: Reader, roles: dict[str, Any]) -> list[RoleRow]:
    rows = []
    for role, by_environment in roles.items():
        for environment, row in by_environment.items():
            path = ("roles", role, environment)
            if environment not in reader.environments:
                reader.wrong(
                    f"`{environment}` is not an environment",
                    *path,
                    help=suggest(environment, reader.environments),
                    key=True,
                )
            if ("group" in row) == ("workload" in row):
                reader.wrong("a role row names a `group` or a `workload`, one of them", *path, key=True)
                continue
            key = "group" if "group" in row else "workload"
            reader.tokens(row[key], *path, key)
            reads = reader.all_known(row.get("reads", []), reader.classes, "a data class", *path, "reads")
            guests = row.get("guests", {})
            if "until" in guests:
                reader.day(guests["until"], *path, "guests", "until")
            rows.append(RoleRow(
                role, environment, row[key], key == "workload", tuple(row.get("duties", ())), reads, row.get("by"), parts.days(row.get("expires")),
                parts.days(row.get("review")), tuple(row["ways"]) if "ways" in row else None, tuple(guests.get("domains", ())),
                _countries(reader, row.get("from", ()), *path, "from"), row.get("purpose"), row.get("mastered"), row.get("activation", {}), reader.document.key_span(*path),
            ))  # fmt: skip
    return rows


def _countries(reader: Reader, given: Sequence[str], *path: str | int) -> tuple[str, ...]:
    """Countries as accounts are compared with them."""
    found = []
    for number, name in enumerate(given):
        country = regions.country(name)
        if country is None:
            reader.wrong(
                f"`{name}` is no country with an Azure region",
                *path,
                number,
                help="write its two letters, as in `PT`",
            )
        found.append(country or name)
    return tuple(found)


def administrators(reader: Reader, number: int, a: dict[str, Any]) -> Administrators:
    path = ("administrators", number)
    over = reader.all_known(a["over"], reader.environments, "an environment", *path, "over")
    reader.once("administrators", "group", number)
    return Administrators(
        a["group"], over, tuple(a["duties"]), a.get("by"), a.get("approval"), a.get("at-most"), reader.document.span(*path)
    )  # fmt: skip


def release(reader: Reader, r: dict[str, Any] | None) -> Release | None:
    if r is None:
        return None
    reader.tokens(r["workload"], "release", "workload")
    return Release(
        r["workload"],
        tuple(r.get("subjects", ())),
        tuple(r.get("approvers", ())),
        reader.document.key_span("release"),
    )


def service(reader: Reader, number: int, s: dict[str, Any]) -> Service:
    path = ("services", number)
    reader.once("services", "name", number)
    if ("principal" in s) == ("identity-of" in s):
        reader.wrong("a service names a `principal` or an `identity-of`, one of them", *path)
    where = reader.all_known(s["where"], reader.environments, "an environment", *path, "where")
    return Service(
        s["name"], s.get("principal"), s.get("identity-of"), tuple(s["may"]), where, reader.document.span(*path)
    )


def shared(reader: Reader, number: int, s: dict[str, Any]) -> Shared:
    path = ("shared", number)
    reader.once("shared", "on", number)
    used_by = reader.all_known(s.get("used-by", []), reader.environments, "an environment", *path, "used-by")
    if "region" in s:
        reader.known(
            ids.fold_location(s["region"]),
            set(regions.all()) | set(reader.own_regions),
            "a region Azure has",
            *path,
            "region",
        )
    region = ids.fold_location(s["region"]) if "region" in s else None
    return Shared(s["on"], s["kind"], used_by, tuple(s.get("written-by", ())), region, reader.document.span(*path))


def break_glass(reader: Reader, b: dict[str, Any] | None) -> BreakGlass | None:
    return BreakGlass(tuple(b["accounts"]), b.get("at-most"), reader.document.key_span("break-glass")) if b else None
