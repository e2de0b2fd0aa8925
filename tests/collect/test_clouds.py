"""Each named cloud is read at its own endpoints and with tokens for its own audiences, and nothing is sent anywhere else."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode

import aiohttp
import pytest
from yarl import URL

from scanner.collect import Secret, Settings, run
from scanner.collect.clouds import NAMED, Cloud
from scanner.simulator import Simulator
from scanner.snapshot import Snapshot
from tests.support.estates import facts
from tests.support.tenants import snapshot_of
from tests.tenants import everything

DOCUMENT = everything.document()


class Net:
    """Stands between the process and the net: what is meant for a cloud's hosts goes to a simulator, anything else nowhere."""

    def __init__(self, cloud: Cloud, simulator: Simulator) -> None:
        self.cloud = cloud
        self.simulator = simulator
        self.asked: defaultdict[str, int] = defaultdict(int)  # host -> requests
        self.scopes: set[str] = set()
        self._request = aiohttp.ClientSession._request
        here = simulator.url
        self._to = {cloud.login: here, cloud.graph: f"{here}/graph", cloud.arm: here}
        self._audiences = {cloud.arm_scope: f"{here}/arm/.default", cloud.graph_scope: f"{here}/graph/.default"}

    async def send(self, session: aiohttp.ClientSession, method: str, url: Any, **more: Any) -> Any:
        address = str(url)
        cloud = next((known for known in self._to if address.startswith(f"{known}/")), None)
        assert cloud is not None, f"{address} is no endpoint of {self.cloud.name}"
        self.asked[cloud] += 1
        if cloud == self.cloud.login and method == "POST":
            more["data"] = self._signing_in(more["data"])
        there = URL(self._to[cloud] + address.removeprefix(cloud))
        answer = await self._request(session, method, there, **more)
        body = (await answer.read()).decode()
        body = body.replace(f"{self.simulator.url}/graph", self.cloud.graph).replace(self.simulator.url, self.cloud.arm)
        answer._body = body.encode()
        return answer

    def _signing_in(self, data: Any) -> bytes:
        """A token is asked for an audience of the cloud; the simulator gives one for its own."""
        form = {k: v[0] for k, v in parse_qs(data.decode() if isinstance(data, bytes) else data).items()} if isinstance(data, bytes | str) else dict(data)  # fmt: skip
        scope = next(s for s in unquote_plus(form["scope"]).split() if s.endswith("/.default"))
        self.scopes.add(scope)
        return urlencode({**form, "scope": self._audiences[scope]}).encode()


def _collect(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, **more: Any) -> tuple[Snapshot, Net]:
    with Simulator(DOCUMENT, page_size=5) as simulator:
        net = Net(cloud, simulator)

        async def sent(session: aiohttp.ClientSession, method: str, url: Any, **options: Any) -> Any:
            return await net.send(session, method, url, **options)

        monkeypatch.setattr(aiohttp.ClientSession, "_request", sent)
        settings = Settings(cloud=cloud.name, ca_bundle=simulator.ca_bundle, tenant=simulator.tenant_id, backoff=0.001, retry_seconds=1.0,
                            job_days=36500, secret=Secret(simulator.client_id, simulator.client_secret), **more)  # fmt: skip
        return run(settings), net


@pytest.mark.parametrize("bulk", [True, False], ids=["bulk", "targeted"])
@pytest.mark.parametrize("name", ["usgov", "china", "public"])
def test_a_named_cloud_is_read_whole_at_its_own_endpoints(
    name: str, bulk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = NAMED[name]
    snapshot, net = _collect(cloud, monkeypatch, bulk=bulk)
    assert [c for c in snapshot.coverage if c.outcome not in ("complete", "bounded")] == []
    assert facts(snapshot) == facts(snapshot_of(DOCUMENT))
    assert net.scopes == {cloud.arm_scope, cloud.graph_scope}
    assert set(net.asked) == {cloud.login, cloud.graph, cloud.arm}
    assert snapshot.manifest.cloud == name


def test_no_two_clouds_share_an_endpoint_or_an_audience() -> None:
    said = [value for c in NAMED.values() for value in {c.arm, c.login, c.graph, c.arm_scope, c.graph_scope}]
    assert len(said) == len(set(said))
    assert all(value.startswith("https://") and not value.endswith("/") for value in said)
