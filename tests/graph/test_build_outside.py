"""Connections that lead to no resource of the estate lead to a place outside, by the name of its host."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.graph.build import build, outside
from scanner.graph.estate import Estate
from scanner.snapshot import Coverage, Record, from_records, record

RG = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
WS = f"{RG}/providers/Microsoft.MachineLearningServices/workspaces/w"


def _connection(target: Any, **more: Any) -> Record:
    return record(
        "connection",
        {"id": f"{WS}/connections/c", "properties": {"category": "S3", "authType": "None", "target": target, **more}},
    )


def _estate(*records: Record, unread: tuple[str, ...] = ()) -> Estate:
    gaps = [Coverage(kind, RG.rpartition("/resourceGroups")[0], "forbidden", status=403) for kind in unread]
    return build(from_records([record("workspace", {"id": WS, "location": "westeurope", "properties": {}}), *records], gaps, tenant="t"))  # fmt: skip


def _led(estate: Estate) -> list[int]:
    connection = estate.node(f"{WS}/connections/c".lower())
    assert connection is not None
    return [*estate.neighbours(connection, "leads-outside-to")]


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("https://Bucket.s3.eu-central-1.amazonaws.com/path?x=1", "bucket.s3.eu-central-1.amazonaws.com"),
        ("snowflake://user@acme.snowflakecomputing.com:443/db", "acme.snowflakecomputing.com"),
        ("Server=tcp:far.database.windows.net,1433;Database=d", "far.database.windows.net"),
        ("api.openai.com", "api.openai.com"), ("https://[2001:db8::1]/v1", "[2001:db8::1]"),
        ("postgresql://db.example.org./d", "db.example.org"),
    ],
)  # fmt: skip
def test_the_host_is_read_from_urls_connection_strings_and_plain_names(target: str, name: str) -> None:
    assert outside.host(target) == name
    estate = _estate(_connection(target))
    (place,) = _led(estate)
    assert estate.get(place, "host") == name


def test_a_name_of_azures_stands_for_a_resource_nobody_saw_and_may_tell_its_region() -> None:
    facts = []
    for target in (
        "https://westeurope.api.cognitive.azure.com",
        "https://llama.eastus.models.ai.azure.com",
        "https://x.example",
    ):
        estate = _estate(_connection(target))
        (place,) = _led(estate)
        facts.append((estate.get(place, "azure"), estate.get(place, "region")))
    assert facts == [(True, "westeurope"), (True, "eastus"), (False, None)]


def test_what_may_be_a_resource_of_an_unread_list_is_in_no_known_place() -> None:
    """Trap 1."""
    search = _connection("https://far.search.azure.us")
    read, unread = _estate(search), _estate(search, unread=("search-service",))
    assert (read.gaps_at(_led(read)[0], "region"), bool(unread.gaps_at(_led(unread)[0], "region"))) == ((), True)


def test_a_resource_of_the_estate_is_no_place_outside() -> None:
    account = f"{RG}/providers/Microsoft.CognitiveServices/accounts/oai"
    estate = _estate(
        record("model-account", {"id": account, "location": "westeurope", "properties": {}}),
        _connection("https://oai.openai.azure.com/"),
    )
    assert _led(estate) == [] and list(estate.pairs("connects-to")) != []


def test_a_connection_without_a_target_may_lead_anywhere() -> None:
    estate = _estate(_connection(None))
    connection = estate.node(f"{WS}/connections/c".lower())
    assert connection is not None and estate.gaps_at(connection, "leads-outside-to")
    estate = _estate(_connection("my keys"))
    (place,) = _led(estate)
    assert (estate.name(place), estate.get(place, "host")) == ("my keys", None)


def test_two_connections_to_one_host_lead_to_one_place() -> None:
    other = record("connection", {"id": f"{WS}/connections/d", "properties": {"target": "https://X.example/b"}})
    estate = _estate(_connection("https://x.example/a"), other)
    assert len(list(estate.nodes("outside-place"))) == 1 and len(list(estate.pairs("leads-outside-to"))) == 2
