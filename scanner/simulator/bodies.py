"""The bodies of requests that have one. What does not convert to its struct is a bad request, as at the service."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec


class QueryOptions(msgspec.Struct):
    top: Annotated[int, msgspec.Meta(ge=1, le=1000)] = msgspec.field(default=100, name="$top")
    token: str | None = msgspec.field(default=None, name="$skipToken")
    scope_filter: str | None = msgspec.field(default=None, name="authorizationScopeFilter")


class GraphQuery(msgspec.Struct, rename="camel"):
    """A query of Resource Graph; without scopes it is about the whole tenant."""

    query: str
    subscriptions: list[str] | None = None
    management_groups: list[str] | None = None
    options: QueryOptions | None = None


class Part(msgspec.Struct):
    id: str
    method: str
    url: str
    headers: dict[str, str] = {}
    body: Any = None


class Batch(msgspec.Struct):
    """Requests of a `$batch` of Microsoft Graph."""

    requests: Annotated[list[Part], msgspec.Meta(min_length=1, max_length=20)]


class Ids(msgspec.Struct):
    """What `getByIds` is asked; no types means any."""

    ids: Annotated[list[str], msgspec.Meta(max_length=1000)]
    types: list[str] = []
