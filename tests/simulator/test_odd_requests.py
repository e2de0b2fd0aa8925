"""What is asked wrongly, or in an unusual way, is answered as the service would: never with a crash, never with silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scanner.simulator import Simulator
from tests.simulator.client import RG, STORE, SUB, Client, small

QUERY = "/providers/Microsoft.ResourceGraph/resources"
ANN = {"id": "aaaaaaaa-0000-4000-8000-000000000001", "displayName": "Ann"}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Simulator(small(graph={"users": [ANN]})) as simulator:
        yield Client(simulator)


def test_a_right_that_is_absent_is_absent_however_the_path_is_written() -> None:
    with Simulator(small(reader={"actions": ["Microsoft.Resources/*/read"]})) as simulator:
        client = Client(simulator)
        for word in ("providers", "Providers", "PROVIDERS"):
            assert client.arm(f"{SUB}/{word}/Microsoft.Storage/storageAccounts")[0] == 403
            assert client.arm(STORE.replace("providers", word))[0] == 403


def test_a_resource_group_that_is_not_there_is_not_an_empty_one(client: Client) -> None:
    assert client.names(f"{RG}/providers/Microsoft.Storage/storageAccounts") == ["sta"]
    for path in (f"{RG}-gone/providers/Microsoft.Storage/storageAccounts", f"{RG}-gone/resources", f"{RG}-gone"):
        status, body = client.arm(path)
        assert (status, body["error"]["code"]) == (404, "ResourceGroupNotFound")


@pytest.mark.parametrize("body", [
    {"query": None}, {"query": "resources", "subscriptions": [None]}, {"query": "resources", "subscriptions": "all"},
    {"query": "resources", "options": {"$top": 0}}, {"query": "resources", "options": {"$top": -1}}, {"query": "resources", "options": {"$top": 1001}},
    {"query": "resources", "options": {"$top": "x"}}, {"query": "resources", "options": {"$skipToken": 5}}, [], "resources",
])  # fmt: skip
def test_a_query_of_the_wrong_shape_is_a_bad_request(client: Client, body: Any) -> None:
    status, answer = client.arm(QUERY, "POST", body)
    assert (status, answer["error"]["code"]) == (400, "BadRequest")


@pytest.mark.parametrize("body", [[], {}, {"requests": "x"}, {"requests": ["x"]}, {"requests": [{"id": "1"}]}])
def test_a_batch_of_the_wrong_shape_is_a_bad_request(client: Client, body: Any) -> None:
    status, answer = client.graph("/$batch", "POST", body)
    assert (status, answer["error"]["code"]) == (400, "BadRequest")


@pytest.mark.parametrize("body", [[], {}, {"ids": "x"}, {"ids": [1]}])
def test_ids_of_the_wrong_shape_are_a_bad_request(client: Client, body: Any) -> None:
    status, answer = client.graph("/directoryObjects/getByIds", "POST", body)
    assert (status, answer["error"]["code"]) == (400, "Request_BadRequest")


def test_a_part_of_a_batch_may_have_a_body(client: Client) -> None:
    part = {"id": "1", "method": "POST", "url": "/directoryObjects/getByIds", "body": {"ids": [ANN["id"]]}}
    answer = client.graph("/$batch", "POST", {"requests": [part]})[1]["responses"][0]
    assert [row["displayName"] for row in answer["body"]["value"]] == ["Ann"]
