"""What no scan of rights can see is said beside answers and in every format of a report."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

from scanner.errors import Exit
from scanner.render import json_report, sarif, text
from tests.support import access
from tests.support.scan import scanned, scenario, tenant
from tests.support.tenants import snapshot_of


def _tenant() -> dict[str, Any]:
    """Contoso with ACLs in a lake, a database beside it, and a releasing group of development that is kept on premises."""
    document = copy.deepcopy(dict(tenant("contoso")))
    lake = next(item for item in document["resources"] if item["name"] == "dlchurnprod")
    lake["properties"]["isHnsEnabled"] = True
    document["graph"]["groups"][0]["onPremisesSyncEnabled"] = True
    group = lake["id"].rpartition("/providers/")[0]
    document["resources"].append({
        "id": f"{group}/providers/Microsoft.DocumentDB/databaseAccounts/cosmos", "name": "cosmos", "location": "westeurope",
        "type": "Microsoft.DocumentDB/databaseAccounts", "tags": lake.get("tags"), "properties": {}})  # fmt: skip
    return document


def test_an_answer_says_what_may_open_the_data_beside_rights() -> None:
    asked = access.questions(snapshot_of(_tenant()), scenario("contoso"))
    first = asked.estate.name(
        next(iter(n for n in asked.estate.nodes("group") if asked.estate.get(n, "synchronised") is True))
    )
    blind = {
        name: asked.who_can("read", access.data(asked, name)).blind for name in ("dlchurnprod", "stchurnprod", "cosmos")
    }
    common = (f"who may change {first} on premises", "what the network lets through")
    tokens = "SAS tokens, stored access policies"
    assert blind["dlchurnprod"] == ("access control lists inside dlchurnprod", tokens, *common)
    assert blind["stchurnprod"] == (tokens, *common)
    assert blind["cosmos"] == ("users and roles of their own inside cosmos", *common)


def test_an_answer_about_releasing_names_the_pipelines_that_sign_in_as_the_release() -> None:
    asked = access.questions(snapshot_of(tenant("contoso")), scenario("contoso"))
    (said,) = asked.who_can("release", access.data(asked, "production")).blind
    assert said.startswith("who may edit what signs in as repo:contoso/churn:environment:production, ")


def test_every_format_of_a_report_says_what_it_cannot_see() -> None:
    report = scanned(_tenant(), scenario("contoso"))
    acls, who = "access control lists inside dlchurnprod", "who may edit what signs in as repo:contoso/churn"
    assert acls in report.not_seen and any(said.startswith(who) for said in report.not_seen)
    assert acls in json.loads(json_report.render(report, exit_code=1))["not-seen"]
    notified = json.loads(sarif.render(report, exit_code=Exit.FINDINGS))["runs"][0]["invocations"][0][
        "toolExecutionNotifications"
    ]
    assert any(acls in note["message"]["text"] and note["descriptor"]["id"] == "not-seen" for note in notified)
    page = io.StringIO()
    text.render(report, page, color="never", width=2_000, exit_code=Exit.FINDINGS)
    assert f"not seen by any scan: {acls}" in page.getvalue()
