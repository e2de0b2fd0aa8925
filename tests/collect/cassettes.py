"""Cassettes: `python -m tests.collect.cassettes` records them from the simulator; tests replay them without any server.

The tenant has something of every kind. One cassette reads it with Resource Graph where that is complete, the other by
targeted lists alone, so that between them every collector reads something.

They match on method, path, query and body, never on host or port. No token is in them: sign-in is left out, and headers
are not kept.
"""

from __future__ import annotations

import json
import ssl
import time
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

import vcr  # type: ignore[import-untyped]  # ships no types

from scanner.collect import Settings, run
from scanner.simulator import Simulator
from scanner.snapshot import Snapshot
from tests.tenants import everything

FOLDER = Path(__file__).parent.parent.parent / "fixtures" / "cassettes"
FILES = {True: FOLDER / "bulk.yaml", False: FOLDER / "targeted.yaml"}  # by whether Resource Graph is asked
DOCUMENT = everything.document()
FIRST_LINE = (
    "# Recorded from the simulator in scanner/simulator, answering a made-up tenant. Not recorded from Azure.\n"
)
HOST = "https://simulator.invalid"
_EVER = 36500  # days: the recorded jobs do not grow too old to be read


class Token:
    """A credential that has its token already."""

    def __init__(self, tokens: dict[str, str]) -> None:
        self.tokens = tokens

    async def get_token(
        self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, enable_cae: bool = False, **_: Any
    ) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken(self.tokens.get(scopes[0], "replayed"), int(time.time()) + 3600)

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> Token:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        return None


def cloud_file(folder: Path, url: str) -> str:
    path = folder / "cloud.json"
    path.write_text(json.dumps({
        "name": "simulator", "arm": url, "arm-scope": f"{url}/arm/.default", "login": url, "graph": f"{url}/graph", "graph-scope": f"{url}/graph/.default",
    }), encoding="utf-8")  # fmt: skip
    return str(path)


def recorder(url: str, mode: str) -> vcr.VCR:
    def path_and_query(one: Any, other: Any) -> bool:
        return (one.method, one.path, sorted(one.query), one.body) == (
            other.method,
            other.path,
            sorted(other.query),
            other.body,
        )

    def neutral(response: dict[str, Any]) -> dict[str, Any]:
        response["headers"] = {"Content-Type": ["application/json"]}
        response["body"]["string"] = response["body"]["string"].replace(url.encode(), HOST.encode())
        response["url"] = HOST
        return response

    def bare(request: Any) -> Any:
        request.headers.clear()
        request.uri = request.uri.replace(url, HOST)
        return request

    made = vcr.VCR(record_mode=mode, before_record_request=bare, before_record_response=neutral)
    made.register_matcher("path-and-query", path_and_query)
    made.match_on = ["path-and-query"]
    return made


def record(bulk: bool, folder: Path) -> None:
    file = FILES[bulk]
    FOLDER.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with Simulator(DOCUMENT, page_size=4) as simulator:
        tokens = {
            f"{simulator.url}/{name}/.default": _token(simulator, f"{simulator.url}/{name}/.default")
            for name in ("arm", "graph")
        }
        settings = Settings(
            cloud=cloud_file(folder, simulator.url),
            ca_bundle=simulator.ca_bundle,
            tenant=simulator.tenant_id,
            credential=Token(tokens),
            concurrency=1,
            job_days=_EVER,
            bulk=bulk,
        )
        with recorder(simulator.url, "all").use_cassette(str(file)):
            run(settings)
    file.write_text(FIRST_LINE + file.read_text(encoding="utf-8"), encoding="utf-8")


def _token(simulator: Simulator, scope: str) -> str:
    form = {
        "client_id": simulator.client_id,
        "client_secret": simulator.client_secret,
        "scope": scope,
        "grant_type": "client_credentials",
    }
    request = urllib.request.Request(
        f"{simulator.url}/{simulator.tenant_id}/oauth2/v2.0/token", urllib.parse.urlencode(form).encode()
    )
    context = ssl.create_default_context(cafile=str(simulator.ca_bundle))
    with urllib.request.urlopen(request, context=context) as answer:
        return str(json.load(answer)["access_token"])


def replay(bulk: bool, folder: Path) -> Snapshot:
    settings = Settings(
        cloud=cloud_file(folder, HOST),
        tenant=everything.TENANT,
        credential=Token({}),
        backoff=0.001,
        retry_seconds=1,
        job_days=_EVER,
        bulk=bulk,
    )
    with recorder(HOST, "none").use_cassette(str(FILES[bulk]), allow_playback_repeats=False):
        return run(settings)


if __name__ == "__main__":
    import tempfile

    for bulk, file in FILES.items():
        with tempfile.TemporaryDirectory() as temporary:
            record(bulk, Path(temporary))
        print(f"{file.name}: {file.stat().st_size} bytes")
