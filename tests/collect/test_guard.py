"""The guard: nothing but known reads leaves, however the request is spelt."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.collect import guard

HOSTS = {"arm.example", "graph.example"}
SECRETS = (
    "listKeys", "listkeys", "listSecrets", "listsecrets", "listAccountSas", "listServiceSas", "listNotebookKeys", "listNotebookAccessToken",
    "listStorageAccountKeys", "listConnectionStrings", "listAdminKeys", "listQueryKeys", "listCredentials", "listClusterAdminCredential",
    "readonlykeys", "token", "regenerateKey", "regenerateKeys", "register", "sharedKeys", "elevateAccess",
)  # fmt: skip


def _refused(method: str, url: str, body: str | None = None) -> bool:
    try:
        guard.check(method, url, HOSTS, body)
    except guard.Refused:
        return True
    return False


@pytest.mark.parametrize("url", [
    "https://arm.example/subscriptions?api-version=1", "https://arm.example/subscriptions/s/resourcegroups",
    "https://arm.example/subscriptions/s/providers/Microsoft.KeyVault/vaults", "https://graph.example/v1.0/groups?$select=id",
    "https://arm.example/subscriptions/s/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()",
])  # fmt: skip
def test_reads_pass(url: str) -> None:
    assert not _refused("GET", url)


def test_the_three_reading_posts_pass() -> None:
    assert not _refused("POST", "https://arm.example/providers/Microsoft.ResourceGraph/resources?api-version=1")
    assert not _refused("POST", "https://graph.example/v1.0/directoryObjects/getByIds")
    batch = json.dumps({"requests": [{"id": "1", "method": "GET", "url": "/groups/g/members"}]})
    assert not _refused("POST", "https://graph.example/v1.0/$batch", batch)


@given(st.sampled_from(["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get", "post", "TRACE", ""]))
def test_no_other_method_passes(method: str) -> None:
    assert _refused(method, "https://arm.example/subscriptions")


@given(st.sampled_from(SECRETS), st.sampled_from(["GET", "POST"]), st.randoms(use_true_random=False), st.sampled_from(["", "/", "//", "/."]),
       st.integers(0, 2), st.booleans())  # fmt: skip
def test_secret_paths_are_refused_however_they_are_spelt(
    name: str, method: str, random: object, tail: str, encoded: int, dots: bool
) -> None:
    """Trap 24: POSTs like `listKeys`, and GETs that hand out secrets."""
    flip = "".join(c.upper() if hash((c, i, str(random))) % 2 else c.lower() for i, c in enumerate(name))
    for _ in range(encoded):
        flip = (
            "".join(f"%{ord(c):02x}" if i % 3 == 0 and c != "%" else c for i, c in enumerate(flip))
            if encoded == 1
            else quote(flip, safe="")
        )
    middle = "/x/.." if dots else ""
    assert _refused(
        method,
        f"https://arm.example/subscriptions/s/providers/Microsoft.Storage/storageAccounts/a{middle}/{flip}{tail}?api-version=1",
    )


@given(st.from_regex(r"[a-z0-9.-]{1,20}", fullmatch=True).filter(lambda h: h not in HOSTS))
def test_no_other_host_is_spoken_to(host: str) -> None:
    """Trap 25: a nextLink that leads elsewhere is not followed with the token."""
    assert _refused("GET", f"https://{host}/subscriptions")
    assert _refused("GET", f"https://arm.example@{host}/subscriptions")
    assert _refused("GET", f"https://arm.example:444@{host}/subscriptions")


@pytest.mark.parametrize("url", ["http://arm.example/subscriptions", "https://arm.example:444/subscriptions", "/subscriptions", "ftp://arm.example/",
                                 "https://user:pass@arm.example/subscriptions"])  # fmt: skip
def test_odd_addresses_are_refused(url: str) -> None:
    assert _refused("GET", url)


@given(st.text(max_size=30))
def test_no_other_post_passes(path: str) -> None:
    assert _refused("POST", f"https://arm.example/{quote(path)}")


@pytest.mark.parametrize("part", [
    {"id": "1", "method": "POST", "url": "/groups"}, {"id": "1", "method": "GET", "url": "https://evil.example/x"},
    {"id": "1", "method": "DELETE", "url": "/groups/x"}, {"id": "1", "method": "GET", "url": "/x/listKeys"},
    {"id": "1", "method": "GET", "url": "/groups", "body": {"x": 1}},
])  # fmt: skip
def test_a_batch_carries_reads_only(part: dict[str, object]) -> None:
    assert _refused("POST", "https://graph.example/v1.0/$batch", json.dumps({"requests": [part]}))


def test_a_batch_that_cannot_be_read_is_refused() -> None:
    assert _refused("POST", "https://graph.example/v1.0/$batch", "not json")
