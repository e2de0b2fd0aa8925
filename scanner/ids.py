"""ARM ids and scopes: parsed, folded and compared by segments, never as substrings.

Case is folded here, once, at the border: everything inside the program compares folded ids. What Azure
returned is kept beside it for people to read.
"""

from __future__ import annotations

import re
from functools import lru_cache

ROOT_SCOPE = "/"
_MANAGEMENT_GROUP = "/providers/microsoft.management/managementgroups/"
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def fold(arm_id: str) -> str:
    """The id in lower case, with one leading slash and no trailing one; the tenant root is `/`."""
    return "/" + arm_id.strip().strip("/").lower()


def is_guid(text: str) -> bool:
    return _GUID.fullmatch(text.lower()) is not None


def last(arm_id: str) -> str:
    """The last segment: a resource's name, an assignment's or a role definition's GUID."""
    return arm_id.rstrip("/").rpartition("/")[2]


def parent(folded: str) -> str | None:
    """The scope directly above by the id alone, or None when the id cannot tell.

    A child resource's parent is its resource, a resource's its group (or the subscription), a group's its
    subscription. A subscription's management group is not in its id, so it has no parent here.
    """
    if folded == ROOT_SCOPE or folded.startswith(_MANAGEMENT_GROUP):
        return None
    above, provider, under = folded.rpartition("/providers/")
    if provider:
        if under.count("/") > 2:
            return folded.rsplit("/", 2)[0]
        return above or ROOT_SCOPE
    segments = folded.split("/")
    if len(segments) == 5 and segments[3] == "resourcegroups":
        return "/".join(segments[:3])
    return None


def contains(scope: str, folded: str) -> bool:
    """Whether `scope` is the same as `folded` or an ancestor of it by segments (both folded)."""
    return scope == ROOT_SCOPE or folded == scope or folded.startswith(scope + "/")


@lru_cache(maxsize=4096)
def _type_of(shape: tuple[str, ...]) -> str:
    return "/".join(shape)


def resource_type(folded: str) -> str:
    """The folded ARM type, for example `microsoft.machinelearningservices/workspaces/computes`.

    Resource groups and subscriptions have the types Azure gives them; an id without a provider has `""`.
    """
    _, provider, under = folded.rpartition("/providers/")
    if provider:
        namespace, *rest = under.split("/")
        return _type_of((namespace, *rest[::2]))
    segments = folded.split("/")
    if len(segments) == 5 and segments[3] == "resourcegroups":
        return "microsoft.resources/subscriptions/resourcegroups"
    if len(segments) == 3 and segments[1] == "subscriptions":
        return "microsoft.resources/subscriptions"
    return ""


def subscription_of(folded: str) -> str | None:
    """The folded id of the subscription the id lies in (`/subscriptions/<guid>`), or None."""
    segments = folded.split("/", 3)
    return f"/subscriptions/{segments[2]}" if len(segments) > 2 and segments[1] == "subscriptions" else None


def resource_group_of(folded: str) -> str | None:
    """The folded id of the resource group the id lies in, or None."""
    segments = folded.split("/", 5)
    if len(segments) > 4 and segments[1] == "subscriptions" and segments[3] == "resourcegroups":
        return "/".join(segments[:5])
    return None


def is_management_group(folded: str) -> bool:
    return folded.startswith(_MANAGEMENT_GROUP) and "/" not in folded[len(_MANAGEMENT_GROUP) :]


def management_group(name: str) -> str:
    """The folded id of a management group, from its name or id."""
    return _MANAGEMENT_GROUP + last(name).lower()


def fold_location(location: str) -> str:
    """`West Europe` and `westeurope` are one region: lower case, no blanks."""
    return location.replace(" ", "").lower()


_FAMILY_WORDS = re.compile(r"standard|family|cluster|dedicated|vcpus|[\s_]")


def fold_family(name: str) -> str:
    """One spelling for a VM family: `standardDSv2Family`, `Standard DSv2 Family Cluster Dedicated vCPUs` and
    `Standard DSv2` are `dsv2`. Low-priority families keep that word.
    """
    return _FAMILY_WORDS.sub("", name.lower())


_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def kebab(word: str) -> str:
    """`UserDelegationSAS` and `AmlCompute` are `user-delegation-sas` and `aml-compute`."""
    return _WORD_STARTS.sub("-", word).lower()
