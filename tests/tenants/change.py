"""What a change of a sample tenant is: a function that breaks one thing, the sentence that says so, and what the tenant must have for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.tenants import kit
from tests.tenants.builder import guid
from tests.tenants.kit import Sample

Function = Callable[[Sample], None]


@dataclass(frozen=True)
class Change:
    """One broken thing. `scenario` are texts of the scenario file and what stands there instead; `<word>` is the tenant's of `WORDS`."""

    name: str
    words: str
    apply: Function
    needs: frozenset[str]
    only: frozenset[str]
    scenario: Mapping[str, str]

    def fits(self, sample: Sample, text: str) -> bool:
        """Whether the tenant has the rooms and people it is about."""
        there = {*sample.rooms, *sample.who, *sample.more}
        at_home = not self.only or sample.scenario in self.only
        return at_home and self.needs <= there and all(said(old, sample.scenario) in text for old in self.scenario)


CHANGES: dict[str, Change] = {}
# What scenarios call what changes of a scenario speak of: a class with a home, and an environment before production.
WORDS: Mapping[str, Mapping[str, str]] = {
    "single-environment": {"class": "study", "environment": "research", "promised": "multi-environment"},
    "multi-environment": {"class": "sampled", "environment": "development", "promised": "single-environment"},
    "limited-and-production": {"class": "masked", "environment": "limited", "promised": "single-environment"},
    "regional-training": {"class": "claims-eu", "environment": "development", "promised": "single-environment"},
    "regional-serving": {"class": "behaviour-eu", "environment": "development", "promised": "single-environment"},
    "regional-fine-tuning": {"class": "patient-de", "environment": "development", "promised": "single-environment"},
    "contoso-compliant": {"class": "sampled", "environment": "development", "promised": "single-environment"},
    "multi-environment-and-regional-serving": {"class": "sampled", "environment": "development", "promised": "single-environment"},
}  # fmt: skip


def said(text: str, tenant: str) -> str:
    """A text of a change in the words of a tenant's scenario."""
    for word, meant in {**WORDS[tenant], "pattern": tenant}.items():
        text = text.replace(f"<{word}>", meant)
    return text


def change(*needs: str, only: tuple[str, ...] = (), **scenario: Any) -> Callable[[Function], Function]:
    """Enters a function in the table; its docstring is the change in words, `needs` the landmarks it speaks of."""

    def enter(function: Function) -> Function:
        name = function.__name__.replace("_", "-")
        words = (function.__doc__ or "").strip().rstrip(".")
        assert name not in CHANGES and words
        texts = dict(scenario.get("scenario", {}))
        CHANGES[name] = Change(name, words, function, frozenset(needs), frozenset(only), texts)
        return function

    return enter


# -- words that changes are made of ---------------------------------------------------------------------------------------


def grant(sample: Sample, who: str, role: str, scope: str, kind: str = "Group") -> dict[str, Any]:
    """A standing assignment, of a role the tenant may not have used before."""
    _define(sample, role)
    sample.tenant.assign(sample.who.get(who, who), role, scope, kind=kind)
    made: dict[str, Any] = sample.tenant.document["roleAssignments"][-1]
    return made


def _define(sample: Sample, role: str) -> None:
    t = sample.tenant
    if role in t.roles:
        return
    role_id, blocks = kit.ROLES[role]
    t.roles = {**t.roles, role: (role_id, blocks)}
    t.document["roleDefinitions"].append({
        "id": f"/providers/Microsoft.Authorization/roleDefinitions/{role_id}", "name": role_id, "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {"roleName": role, "type": "CustomRole" if "-0000-4000-8000-" in role_id else "BuiltInRole", "description": "",
                       "assignableScopes": ["/"], "permissions": blocks}})  # fmt: skip


def role(sample: Sample, name: str, *actions: str) -> str:
    """A role the organisation made up."""
    role_id = f"e0000000-0000-4000-8000-{len(sample.tenant.roles):012d}"
    sample.tenant.roles = {**sample.tenant.roles, name: (role_id, [{"actions": list(actions)}])}
    sample.tenant.document["roleDefinitions"].append({
        "id": f"/providers/Microsoft.Authorization/roleDefinitions/{role_id}", "name": role_id, "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {"roleName": name, "type": "CustomRole", "description": "", "assignableScopes": ["/"],
                       "permissions": [{"actions": list(actions), "notActions": [], "dataActions": [], "notDataActions": []}]}})  # fmt: skip
    return name


def properties(sample: Sample, arm_id: str, **facts: Any) -> None:
    kit.found(sample.tenant, arm_id)["properties"].update(facts)


def group(sample: Sample, who: str) -> dict[str, Any]:
    """The directory's object of a group by its word."""
    return graph(sample, "groups", sample.who[who])


def graph(sample: Sample, array: str, name: str) -> dict[str, Any]:
    object_id = sample.tenant.principals[name]
    found: dict[str, Any]
    if array == "applications":
        (found,) = (a for a in sample.tenant.document["graph"][array] if a["displayName"] == name)
    else:
        (found,) = (o for o in sample.tenant.document["graph"][array] if o["id"] == object_id)
    return found


def join(sample: Sample, who: str, into: str) -> None:
    group(sample, into)["x-members"].append(sample.tenant.principals[sample.who.get(who, who)])


def trust(sample: Sample, subject: str) -> None:
    """Somebody more may sign in as the release."""
    application = graph(sample, "applications", sample.who["release"])
    application["x-federatedIdentityCredentials"].append({
        "id": guid("fic", subject), "name": "more", "subject": subject, "issuer": "https://token.actions.githubusercontent.com",
        "audiences": ["api://AzureADTokenExchange"]})  # fmt: skip


def without(sample: Sample, array: str, test: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Takes rows out of a list of the document; returns them."""
    rows = sample.tenant.document[array]
    gone = [row for row in rows if test(row)]
    sample.tenant.document[array] = [row for row in rows if not test(row)]
    assert gone, "nothing there to change"
    return gone


def eligibilities(sample: Sample, who: str, role_name: str) -> list[dict[str, Any]]:
    """Takes out what a group is eligible for by a role."""
    principal, role_id = sample.tenant.principals[sample.who[who]], sample.tenant.roles[role_name][0]
    return without(sample, "roleEligibilityScheduleInstances", lambda row: row["properties"]["principalId"] == principal
                   and row["properties"]["roleDefinitionId"].endswith(role_id))  # fmt: skip


def activation(sample: Sample, role_name: str, scope: str) -> dict[str, dict[str, Any]]:
    """What activating a role at a scope asks for, by rule type."""
    role_id = sample.tenant.roles[role_name][0]
    (found,) = (r for r in sample.tenant.document["resources"] if r["type"].endswith("roleManagementPolicyAssignments")
                and r["properties"]["scope"] == scope and r["properties"]["roleDefinitionId"].endswith(role_id))  # fmt: skip
    return {rule["ruleType"].removeprefix("RoleManagementPolicy"): rule for rule in found["properties"]["effectiveRules"]}  # fmt: skip
