"""The Contoso tenant of the demo: three projects in three environments, a room to explore, and what is wrong with it.

Everything is made up. What is planted is marked `PLANTED` with the rule that must find it; the rest is as it should be,
decoys included.
"""

from __future__ import annotations

from typing import Any

from tests.tenants.builder import ROLES, Tenant, guid

PROJECTS = ("churn", "pricing", "vision")
PROD = "66666666-aaaa-bbbb-cccc-666666666666"
NONPROD = "66666666-aaaa-bbbb-cccc-777777777777"
SHARED = "66666666-aaaa-bbbb-cccc-888888888888"
TENANT = "66666666-6666-6666-6666-666666666666"
_MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
_PEOPLE = ("ana", "ben", "carla", "dario", "eva", "felix", "greta", "hugo", "ida", "jonas", "kim", "lena", "maya", "noah", "olga", "pavel",
           "rosa", "sven", "tara", "mia", "bg1", "bg2", "zoe", "yann")  # fmt: skip


def build() -> Tenant:
    """The whole tenant."""
    t = Tenant(TENANT, "Contoso", "contoso.example")
    t.management_group(TENANT)
    t.management_group("contoso-ml", TENANT)
    shared = t.subscription("sub-contoso-shared", SHARED, "contoso-ml")
    nonprod = t.subscription("sub-contoso-nonprod", NONPROD, "contoso-ml")
    prod = t.subscription("sub-contoso-prod", PROD, "contoso-ml")
    _people(t)
    central = _central(t, shared)
    parts: dict[tuple[str, str], dict[str, str]] = {}
    for project in PROJECTS:
        for environment, subscription in (("dev", nonprod), ("qa", nonprod), ("prod", prod)):
            parts[project, environment] = _project(t, project, environment, subscription, central, parts)
    explore = _exploration(t, nonprod, central)
    _roles(t, parts, explore)
    _models(t, parts)
    _planted(t, parts, central, prod, nonprod)
    _decoys(t, shared, prod)
    _quota(t, parts, explore, prod, nonprod)
    return t


def _people(t: Tenant) -> None:
    for name in _PEOPLE:
        t.user(name)
    t.user("gus", guest=True)
    t.user("old", enabled=False)
    for project, (first, second, third) in zip(
        PROJECTS, (("ana", "ben", "carla"), ("dario", "eva", "felix"), ("greta", "hugo", "ida")), strict=True
    ):
        t.directory_group(f"grp-{project}-ds-dev", [first, second, *(["maya"] if project == "churn" else [])])
        # PLANTED SCN02: the scenario names grp-vision-ds-qa, which was renamed
        t.directory_group(f"grp-{project}-ds-qa" if project != "vision" else "grp-vision-ds-quality", [first])
        t.directory_group(f"grp-{project}-ds-prod", [second])
        t.directory_group(f"grp-{project}-mle-qa", [third], owners=["mia"])
    # PLANTED ACC26: a guest in an approved group
    t.directory_group("grp-churn-mle-prod", ["noah", "gus"], isAssignableToRole=True)
    t.directory_group("grp-pricing-mle-prod", ["olga"], isAssignableToRole=True)
    # PLANTED ACC10: an approved group that fills itself by a rule
    t.directory_group(
        "grp-vision-mle-prod",
        ["pavel"],
        groupTypes=["DynamicMembership"],
        membershipRule='user.department -eq "vision"',
    )
    t.directory_group("grp-ml-everyone", _PEOPLE[:20])
    t.directory_group("grp-it-administrators", ["mia", "tara"], isAssignableToRole=True)
    t.directory_group("grp-auditors", ["rosa"])
    t.directory_group("grp-release-override", ["maya"])
    t.directory_group("grp-ml-support", ["sven"])
    t.directory_group("grp-data-platform", ["zoe", "yann"])
    t.directory_group("grp-analytics", ["kim"])
    t.service_principal("id-it-vending")
    t.service_principal("sp-legacy-iac")
    t.service_principal("Microsoft Defender for Cloud", owner=_MICROSOFT)
    for project in PROJECTS:
        t.service_principal(f"id-{project}-release")
        t.application(f"id-{project}-release", [f"repo:contoso/{project}:environment:production"])


def _central(t: Tenant, shared: str) -> dict[str, str]:
    group = t.group(shared, "rg-ml-shared", {"owner": "platform"})
    registry = t.resource(
        group,
        "Microsoft.ContainerRegistry/registries",
        "crcontosoml",
        {"adminUserEnabled": False},
        sku={"name": "Premium"},
    )
    t.resource(registry, "replications", "westeurope", {"status": {"displayStatus": "Ready"}})
    logs = t.resource(
        group,
        "Microsoft.OperationalInsights/workspaces",
        "log-contoso",
        {"sku": {"name": "PerGB2018"}, "retentionInDays": 90},
    )
    return {"group": group, "registry": registry, "logs": logs}


def _project(
    t: Tenant,
    project: str,
    environment: str,
    subscription: str,
    central: dict[str, str],
    parts: dict[tuple[str, str], dict[str, str]],
) -> dict[str, str]:
    tags = {"environment": environment, "project": project, "owner": f"{project}@contoso.example", "solution": project}
    group = t.group(subscription, f"rg-{project}-{environment}", tags)
    name = f"mlw-{project}-{environment}"
    # PLANTED SOD15: production of pricing keeps its secrets in the vault of qa
    vault = parts["pricing", "qa"]["vault"] if (project, environment) == ("pricing", "prod") else None
    # PLANTED RES06: the vault of vision's qa stands in another region
    vault_location = "northeurope" if (project, environment) == ("vision", "qa") else None
    # PLANTED ACC13: nobody switched public access off, and absent means on
    public = None if (project, environment) == ("vision", "prod") else "Disabled"
    found = t.workspace(group, name, registry=central["registry"], insights_workspace=central["logs"], vault=vault,
                        vault_location=vault_location, public=public, tags=tags)  # fmt: skip
    found["group"] = group
    classes = {"dev": "sampled", "qa": "sampled", "prod": "live"}
    found["lake"] = t.account(
        group, f"dl{project}{environment}", sku="Standard_ZRS", tags={**tags, "data-class": classes[environment]}
    )
    workspace = found["workspace"]
    t.datastore(workspace, "training", found["lake"], kind="AzureDataLakeGen2")
    t.resource(
        workspace,
        "data",
        "customers/versions/1",
        {"dataType": "uri_folder", "dataUri": "azureml://datastores/training/paths/customers"},
        None,
    )
    t.cluster(workspace, "cpu", "STANDARD_DS3_V2", 4)
    model = t.resource(workspace, "models", f"{project}/versions/1",
                       {"modelType": "mlflow_model", "modelUri": "azureml://datastores/workspaceartifactstore/paths/m"}, None)  # fmt: skip
    if environment == "dev":
        t.resource(
            workspace,
            "jobs",
            f"train-{project}",
            {"jobType": "Command", "status": "Completed", "computeId": f"{workspace}/computes/cpu"},
            None,
        )
    else:
        t.endpoint(
            workspace, f"{project}-{environment}", model, "STANDARD_D4S_V5", 1, found["storage"], central["registry"]
        )
    return found


def _exploration(t: Tenant, nonprod: str, central: dict[str, str]) -> dict[str, str]:
    group = t.group(nonprod, "rg-ml-explore", {"owner": "platform", "solution": "explore"})
    found = t.workspace(
        group, "mlw-explore", registry=central["registry"], insights_workspace=central["logs"], public="Enabled"
    )
    found["group"] = group
    t.cluster(found["workspace"], "cpu", "STANDARD_DS3_V2", 2)
    t.datastore(found["workspace"], "open", t.account(group, "dlopen", tags={"data-class": "public"}, keys=None))
    t.resource(
        found["workspace"],
        "data",
        "weather/versions/1",
        {"dataType": "uri_file", "dataUri": "https://dlopen.blob.core.windows.net/d/w.csv"},
        None,
    )
    return found


def _roles(t: Tenant, parts: dict[tuple[str, str], dict[str, str]], explore: dict[str, str]) -> None:
    """Exactly what the scenario's role table says, with roles that hold no more than the duties of the row."""
    for project in PROJECTS:
        dev, qa, prod = (parts[project, e] for e in ("dev", "qa", "prod"))
        t.assign(f"grp-{project}-ds-dev", "Contoso ML Trainer", dev["group"])
        t.assign(f"grp-{project}-ds-dev", "Storage Blob Data Contributor", dev["lake"])
        t.assign(
            f"grp-{project}-ds-qa" if project != "vision" else "grp-vision-ds-quality",
            "Contoso ML Observer",
            qa["group"],
        )
        t.assign(f"grp-{project}-ds-prod", "Contoso ML Observer", prod["group"])
        t.assign(f"grp-{project}-mle-qa", "Contoso ML Observer", qa["group"])
        t.assign(f"grp-{project}-mle-qa", "Storage Blob Data Reader", qa["lake"])
        t.eligible(f"grp-{project}-mle-prod", "Contoso ML Operator", prod["group"])
        t.eligible(f"grp-{project}-mle-prod", "Storage Blob Data Reader", prod["lake"])
        t.assign(f"id-{project}-release", "Contoso ML Releaser", prod["group"], kind="ServicePrincipal")
    t.assign("grp-ml-everyone", "Contoso ML Trainer", explore["group"])
    top = "/providers/Microsoft.Management/managementGroups/contoso-ml"
    t.eligible("grp-it-administrators", "Owner", top)
    t.activated("mia", "Owner", top, of="grp-it-administrators")  # decoy: activated for an afternoon, not standing
    t.assign("grp-auditors", "Reader", "/")  # decoy: inherited from the tenant root, and only reads
    t.assign(
        "Microsoft Defender for Cloud", "Storage Account Contributor", top, kind="ServicePrincipal"
    )  # decoy: a platform identity


def _models(t: Tenant, parts: dict[tuple[str, str], dict[str, str]]) -> None:
    group = parts["churn", "prod"]["group"]
    account = t.resource(group, "Microsoft.CognitiveServices/accounts", "aoai-churn-prod", {"disableLocalAuth": True, "publicNetworkAccess": "Disabled"},
                         "westeurope", kind="OpenAI", sku={"name": "S0"})  # fmt: skip
    t.resource(account, "deployments", "gpt-4o", {"model": {"name": "gpt-4o", "version": "2024-08-06", "format": "OpenAI"}}, None,
               sku={"name": "DataZoneStandard", "capacity": 50})  # fmt: skip
    # PLANTED RES03: prompts of live data processed anywhere
    t.resource(account, "deployments", "gpt-4o-mini", {"model": {"name": "gpt-4o-mini", "version": "2024-07-18", "format": "OpenAI"}}, None,
               sku={"name": "GlobalStandard", "capacity": 100})  # fmt: skip
    t.document["usages"]["Microsoft.CognitiveServices"][f"{PROD}/westeurope"] = [
        {
            "name": {"value": "OpenAI.DataZoneStandard.gpt-4o", "localizedValue": "gpt-4o"},
            "currentValue": 50,
            "limit": 300,
            "unit": "Count",
        },
        {
            "name": {"value": "OpenAI.GlobalStandard.gpt-4o-mini", "localizedValue": "gpt-4o-mini"},
            "currentValue": 100,
            "limit": 1000,
            "unit": "Count",
        },
    ]
    t.resource(parts["churn", "prod"]["workspace"], "connections", "aoai", {
        "category": "AzureOpenAI", "authType": "AAD", "target": "https://aoai-churn-prod.openai.azure.com/", "metadata": {"ResourceId": account}}, None)  # fmt: skip


def _planted(
    t: Tenant, parts: dict[tuple[str, str], dict[str, str]], central: dict[str, str], prod: str, nonprod: str
) -> None:
    # PLANTED RES01, and QUO08 with its quota below: a cluster in a region no site names
    t.cluster(parts["vision", "dev"]["workspace"], "gpu-spot", "STANDARD_DS3_V2", 1, "northeurope")
    # PLANTED RES02: an object replication policy copies live data to the United States; PLANTED ACC11: keys, since absent means allowed
    pricing = parts["pricing", "prod"]
    tags = {"environment": "prod", "project": "pricing", "data-class": "live"}
    archive = t.account(pricing["group"], "stpricingarchive", tags=tags, keys=None)
    copy = t.account(pricing["group"], "stpricingus", location="eastus")
    t.resource(
        archive,
        "objectReplicationPolicies",
        guid("policy"),
        {"sourceAccount": archive, "destinationAccount": copy, "rules": []},
        None,
    )
    t.datastore(pricing["workspace"], "archive", archive)
    t.resource(
        pricing["workspace"],
        "data",
        "orders/versions/2",
        {"dataType": "uri_folder", "dataUri": "azureml://datastores/archive/paths/orders"},
        None,
    )
    # PLANTED RES08, waived: an old registry keeps a replica in a region no site names
    churn = parts["churn", "prod"]
    old = t.resource(
        churn["group"],
        "Microsoft.ContainerRegistry/registries",
        "crchurnold",
        {"adminUserEnabled": False},
        sku={"name": "Premium"},
    )
    t.resource(old, "replications", "northeurope", {}, "North Europe")
    t.resource(churn["workspace"], "connections", "images", {"category": "ContainerRegistry", "authType": "ManagedIdentity", "target": old,
               "metadata": {"ResourceId": old}}, None)  # fmt: skip
    # PLANTED SOD01 SOD05 SOD08: two groups add up to train and release
    t.assign("grp-release-override", "Contoso ML Releaser", churn["group"])
    # PLANTED SOD10 SOD05: one assignment reaches development and production
    t.assign(
        "grp-ml-support", "AzureML Compute Operator", "/providers/Microsoft.Management/managementGroups/contoso-ml"
    )
    # PLANTED SOD09 ACC01: a data role for a person, on production data
    t.assign("lena", "Storage Blob Data Reader", churn["lake"], kind="User")
    # PLANTED SOD09, waived and about to end; EST08 EST10: he may create workspaces and write tags there
    t.assign("jonas", "Contributor", parts["pricing", "qa"]["group"], kind="User")
    # PLANTED ACC02: keys of production accounts, after switching them on again where they are off
    t.assign("grp-data-platform", "Storage Account Contributor", pricing["group"])
    # PLANTED ACC05: an old deployment workload may grant itself anything
    t.assign("sp-legacy-iac", "User Access Administrator", churn["group"], kind="ServicePrincipal")
    # PLANTED unknown: whether this lets anybody in depends on a condition
    t.assign("grp-analytics", "Storage Blob Data Reader", parts["vision", "prod"]["lake"],
             condition="((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) OR "
             "(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'reports'))")  # fmt: skip
    # PLANTED EST01 EST02 EST05: a workspace, its store and its group that nobody tagged
    hackathon = t.group(nonprod, "rg-hackathon", {})
    t.workspace(hackathon, "mlw-hackathon", registry=central["registry"], insights_workspace=central["logs"])
    # PLANTED EST03 EST05, and QUO02 with its quota below: a second development workspace of churn, beside production, that no cost tag covers
    sandbox = t.group(prod, "rg-churn-sandbox", {"environment": "dev", "project": "churn"})
    parts["sandbox", "dev"] = t.workspace(
        sandbox, "mlw-churn-sandbox", registry=central["registry"], insights_workspace=central["logs"]
    )
    t.cluster(parts["sandbox", "dev"]["workspace"], "cpu", "STANDARD_DS3_V2", 2)
    # PLANTED unknown: the data assets of one workspace may not be read
    t.document["faults"].append(
        {"kind": "status", "status": 403, "method": "GET", "path": "*/workspaces/mlw-vision-qa/data"}
    )


def _decoys(t: Tenant, shared: str, prod: str) -> None:
    """What looks wrong and is right."""
    group = t.group(shared, "rg-web", {"owner": "web"})
    t.account(
        group, "stwebassets", sku="Standard_RAGRS", keys=None, secondary="northeurope"
    )  # geo-redundant, no part of machine learning
    t.resource(group, "Microsoft.Network/trafficManagerProfiles", "tm-web", {}, "global")
    t.resource(group, "Microsoft.Web/sites", "web-front", {})
    databricks = t.group(shared, "rg-databricks", {})
    workspace = t.resource(
        databricks,
        "Microsoft.Databricks/workspaces",
        "dbx-etl",
        {"managedResourceGroupId": f"{shared}/resourceGroups/rg-databricks-managed"},
    )
    managed = t.group(shared, "rg-databricks-managed", {}, managedBy=workspace)
    t.account(managed, "dbstorageetl", keys=None)
    t.deny("System deny assignment of the managed group", managed, ["*/write", "*/delete"], ["*"])
    policy = t.service_principal("policy-remediation", kind="ManagedIdentity",
                                 host=f"{prod}/providers/Microsoft.Authorization/policyAssignments/deploy-diagnostics")  # fmt: skip
    assert policy
    t.assign(
        "policy-remediation",
        "Contributor",
        "/providers/Microsoft.Management/managementGroups/contoso-ml",
        kind="ServicePrincipal",
    )


def _quota(
    t: Tenant, parts: dict[tuple[str, str], dict[str, str]], explore: dict[str, str], prod: str, nonprod: str
) -> None:
    below = [parts[p, e]["workspace"] for p in PROJECTS for e in ("dev", "qa")] + [explore["workspace"]]
    hackathon = (
        f"{nonprod}/resourceGroups/rg-hackathon/providers/Microsoft.MachineLearningServices/workspaces/mlw-hackathon"
    )
    # PLANTED QUO03: the hackathon's workspace has no cap and may take all of it
    t.usage(nonprod, "westeurope", "Standard DSv2", 300, dict.fromkeys(below, 8), dict.fromkeys(below, 40))
    t.usage(nonprod, "westeurope", "Standard DSv5", 100, {}, dict.fromkeys([*below, hackathon], 12))
    above = [parts[p, "prod"]["workspace"] for p in PROJECTS]
    sandbox = parts["sandbox", "dev"]["workspace"]
    # PLANTED QUO02 QUO04: the sandbox may take so much that production's clusters would not all fit beside it
    t.usage(prod, "westeurope", "Standard DSv2", 90, dict.fromkeys(above, 8), dict.fromkeys(above, 30) | {sandbox: 45})
    t.usage(prod, "westeurope", "Standard DSv5", 64, dict.fromkeys(above, 5), dict.fromkeys(above, 20) | {sandbox: 0})
    # PLANTED QUO01: hardly any room left for the GPU family
    t.usage(prod, "westeurope", "Standard NCADSA100v4", 48, {above[2]: 44}, dict.fromkeys(above, 16) | {sandbox: 0})
    t.usage(
        nonprod,
        "northeurope",
        "Standard DSv2",
        100,
        {parts["vision", "dev"]["workspace"]: 4},
        {parts["vision", "dev"]["workspace"]: 50},
    )


def waived_grant() -> str:
    """The key of the grant that the scenario waives until a day soon."""
    return (
        f"grant:{guid('user', 'jonas')}|{ROLES['Contributor'][0]}|/subscriptions/{NONPROD}/resourcegroups/rg-pricing-qa"
    )


def document() -> dict[str, Any]:
    return build().document
