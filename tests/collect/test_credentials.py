"""Each way to sign in makes its credential, says what it lacks, and keeps its secrets to itself."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from scanner.collect import Secret, Settings, run
from scanner.collect.clouds import NAMED, Cloud
from scanner.collect.credentials import credential
from scanner.collect.doctor import identity
from scanner.errors import UserError
from scanner.simulator import Simulator, tls
from tests.support.scan import tenant

ALL = {
    "AZURE_TENANT_ID": "11111111-1111-1111-1111-111111111111", "AZURE_CLIENT_ID": "22222222-2222-2222-2222-222222222222",
    "AZURE_FEDERATED_TOKEN_FILE": "token", "AZURE_SERVICE_CONNECTION_ID": "c", "SYSTEM_ACCESSTOKEN": "s3cret", "SYSTEM_OIDCREQUESTURI": "https://x.invalid",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.invalid/a", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cret", "AZURE_CLIENT_CERTIFICATE_PATH": "c.pem",
}  # fmt: skip
NEEDS = {
    "environment": ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"], "workload": ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"],
    "pipelines": ["AZURE_CLIENT_ID", "AZURE_SERVICE_CONNECTION_ID", "SYSTEM_ACCESSTOKEN", "SYSTEM_OIDCREQUESTURI"],
    "github-oidc": ["AZURE_CLIENT_ID", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
    "certificate": ["AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_PATH"],
}  # fmt: skip
CLOUD = NAMED["public"]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*ALL, "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(("auth", "name"), [(auth, name) for auth, names in NEEDS.items() for name in names])
def test_what_is_not_set_is_named_with_what_it_is_for(auth: Any, name: str, bare: pytest.MonkeyPatch) -> None:
    for other, value in ALL.items():
        if other != name:
            bare.setenv(other, value)
    with pytest.raises(UserError) as caught:
        credential(Settings(auth=auth), CLOUD)
    assert f"`{name}` is not set" in str(caught.value) and f"--auth {auth}" in str(caught.value)


@pytest.mark.parametrize(("auth", "kind"), [("auto", "DefaultAzureCredential"), ("cli", "AzureCliCredential"), ("managed", "ManagedIdentityCredential"),
                                            ("environment", "EnvironmentCredential"), ("workload", "WorkloadIdentityCredential"),
                                            ("pipelines", "AzurePipelinesCredential"), ("github-oidc", "ClientAssertionCredential")])  # fmt: skip
def test_each_way_makes_its_credential_and_sends_nothing(auth: Any, kind: str, bare: pytest.MonkeyPatch) -> None:
    for name, value in ALL.items():
        bare.setenv(name, value)
    bare.setenv("AZURE_CLIENT_SECRET", "s3cret")
    bare.delenv("AZURE_CLIENT_CERTIFICATE_PATH")
    made = credential(Settings(auth=auth), CLOUD)
    assert type(made).__name__ == kind
    assert "s3cret" not in repr(made) + str(made)


def test_a_certificate_that_is_none_is_one_message(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in ALL.items():
        bare.setenv(name, value)
    for path, said in ((tmp_path / "gone.pem", "No such file"), (tmp_path / "x.pem", "holds no certificate")):
        if said.startswith("holds"):
            path.write_text("nonsense")
        bare.setenv("AZURE_CLIENT_CERTIFICATE_PATH", str(path))
        with pytest.raises(UserError, match=said):
            credential(Settings(auth="certificate"), CLOUD)


def test_a_device_code_needs_a_terminal() -> None:
    with pytest.raises(UserError, match="needs somebody at a terminal"):
        credential(Settings(auth="device"), CLOUD)


def test_an_assertion_is_never_asked_for_in_the_clear(bare: pytest.MonkeyPatch) -> None:
    for name, value in ALL.items():
        bare.setenv(name, value)
    bare.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "http://x.invalid/a")
    with pytest.raises(UserError, match="not an https URL"):
        credential(Settings(auth="github-oidc"), CLOUD)


# -- GitHub ------------------------------------------------------------------------------------------------------------


class _GitHub(BaseHTTPRequestHandler):
    """Hands out assertions as the runner of GitHub Actions does."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.asked.append((query["audience"][0], self.headers["Authorization"]))
        body = json.dumps({"value": f"assertion {len(self.asked)}"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return None


@pytest.fixture
def github(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    context, authority = tls.make(tmp_path)
    server = HTTPServer(("127.0.0.1", 0), _GitHub)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    _GitHub.asked.clear()
    yield f"https://127.0.0.1:{server.server_address[1]}/token?api=1", authority
    server.shutdown()
    server.server_close()


def test_every_token_of_a_github_job_comes_of_a_fresh_assertion(
    github: tuple[str, Path], bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An assertion lives five minutes; the token for the directory may be asked for later."""
    url, authority = github
    with Simulator(tenant("two-regions")) as simulator:
        both = tmp_path / "both.pem"
        both.write_bytes(authority.read_bytes() + simulator.ca_bundle.read_bytes())
        for name, value in (("AZURE_TENANT_ID", simulator.tenant_id), ("AZURE_CLIENT_ID", simulator.client_id),
                            ("ACTIONS_ID_TOKEN_REQUEST_URL", url), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner")):  # fmt: skip
            bare.setenv(name, value)
        snapshot = run(
            Settings(cloud=simulator.url, ca_bundle=both, tenant=simulator.tenant_id, auth="github-oidc", backoff=0.001)
        )
    assert snapshot.manifest.counts["workspace"] == 2
    assert _GitHub.asked == [("api://AzureADTokenExchange", "Bearer runner")] * 2


# -- who it is ---------------------------------------------------------------------------------------------------------


def test_the_identity_is_what_the_token_says_and_any_text_is_a_token() -> None:
    with Simulator(tenant("two-regions")) as simulator:
        made = credential(Settings(tenant=simulator.tenant_id, secret=Secret(simulator.client_id, simulator.client_secret), ca_bundle=simulator.ca_bundle),
                          Cloud("x", simulator.url, f"{simulator.url}/arm/.default", simulator.url, f"{simulator.url}/graph", "g", custom=True))  # fmt: skip

        async def token() -> str:
            async with made:
                return (await made.get_token(f"{simulator.url}/arm/.default")).token

        found = identity(asyncio.run(token()))
    assert (found.object_id, found.tenant, found.app_id) == (
        simulator.object_id,
        simulator.tenant_id,
        simulator.client_id,
    )
    for text in ("", "a", "a.b.c", "a.e30.c", "a.W10.c", "...."):
        assert identity(text).object_id == ""
