"""Who is in the directory: the document's objects, and users that are made only when somebody asks for them.

`graph.generatedUsers` is `{"count": N, "domain": "contoso.example"}`; a group holds a run of them by `x-member-range`
([first, past the last]). So a directory of hundreds of thousands costs no memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

from scanner.simulator.tenant import Item

KINDS = {"users": "user", "groups": "group", "servicePrincipals": "servicePrincipal", "applications": "application"}
_PREFIX = "75736572-0000-4000-8000-"


def generated_id(number: int) -> str:
    """The object id of a generated user."""
    return f"{_PREFIX}{number:012x}"


class Users(Sequence[Item]):
    """The document's users, then the generated ones."""

    def __init__(self, stated: Sequence[Item], count: int, domain: str) -> None:
        self._stated = stated
        self._count = count
        self._domain = domain
        self._by_name = {str(user.get("userPrincipalName", "")).lower(): user for user in stated}

    def __len__(self) -> int:
        return len(self._stated) + self._count

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Item]: ...
    def __getitem__(self, at: int | slice) -> Item | Sequence[Item]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        if at < len(self._stated):
            return self._stated[at]
        number = at - len(self._stated)
        if number >= self._count:
            raise IndexError(at)
        return self._made(number)

    def by_id(self, object_id: str) -> Item | None:
        """A generated user by its folded id."""
        if not object_id.startswith(_PREFIX):
            return None
        number = int(object_id.removeprefix(_PREFIX), 16)
        return self._made(number) if number < self._count else None

    def by_name(self, name: str) -> Item | None:
        """Any user by sign-in name."""
        found = self._by_name.get(name.lower())
        if found is not None:
            return found
        digits = name.lower().removesuffix(f"@{self._domain}").removeprefix("user")
        return self._made(int(digits)) if digits.isdigit() and int(digits) < self._count else None

    def _made(self, number: int) -> Item:
        return {
            "id": generated_id(number), "displayName": f"User {number}", "userPrincipalName": f"user{number}@{self._domain}",
            "mail": f"user{number}@{self._domain}", "userType": "Member", "accountEnabled": number % 50 != 0,
        }  # fmt: skip


class Members(Sequence[str]):
    """Ids that are stated, then those of a run of generated users."""

    def __init__(self, stated: Sequence[str], run: range) -> None:
        self._stated = stated
        self._run = run

    def __len__(self) -> int:
        return len(self._stated) + len(self._run)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        return self._stated[at] if at < len(self._stated) else generated_id(self._run[at - len(self._stated)])


class People:
    """Directory objects by folded id, and who is in which group."""

    def __init__(self, graph: Mapping[str, Any]) -> None:
        made = graph.get("generatedUsers") or {}
        self.users = Users(graph.get("users", ()), made.get("count", 0), made.get("domain", "contoso.example"))
        self.objects: dict[str, tuple[str, Item]] = {
            item["id"].lower(): (kind, item) for key, kind in KINDS.items() for item in graph.get(key, ())
        }
        self.lists: dict[str, Sequence[Item]] = {
            "user": self.users, **{kind: graph.get(key, ()) for key, kind in KINDS.items() if kind != "user"},
        }  # fmt: skip

    def get(self, object_id: str) -> tuple[str, Item] | None:
        """(kind, object) by id in any case; None when there is none."""
        key = object_id.lower()
        found = self.objects.get(key)
        if found is None:
            user = self.users.by_id(key)
            return ("user", user) if user is not None else None
        return found

    def members(self, group: Item) -> Sequence[str]:
        """Ids of direct members."""
        stated: Sequence[str] = group.get("x-members", ())
        run = group.get("x-member-range")
        return Members(stated, range(*run)) if run else stated

    def everybody(self, group_id: str) -> set[str]:
        """Folded ids of all members, through groups in groups."""
        seen: set[str] = set()
        waiting = [group_id.lower()]
        while waiting:
            _, group = self.objects.get(waiting.pop(), ("", {}))
            for member in map(str.lower, self.members(group)):
                if member not in seen:
                    seen.add(member)
                    waiting.append(member)
        return seen
