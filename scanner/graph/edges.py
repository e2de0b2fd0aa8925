"""The edge kinds of the estate, and the ontology as a whole."""

from __future__ import annotations

from scanner.graph.kinds import KINDS, UNIONS
from scanner.graph.ontology import EdgeKind, Ontology

_RESOURCE = ("arm-resource", "resource-group", "subscription")
_EDGES = (
    # -- as found
    EdgeKind("contains", "contained-in", ("scope",), ("scope",), "build", "scope hierarchy, from tenant root to child resource"),
    EdgeKind("located-in", "location-of", ("arm-resource", "replica"), ("region",), "build", "where it stands"),
    EdgeKind("has-compute", "compute-of", ("workspace",), ("compute",), "build", "computes of a workspace"),
    EdgeKind("has-datastore", "datastore-of", ("workspace",), ("datastore",), "build", "datastores of a workspace"),
    EdgeKind("has-data", "data-of", ("workspace",), ("data-asset",), "build", "data assets of a workspace"),
    EdgeKind("has-model", "model-of", ("workspace",), ("model",), "build", "models of a workspace"),
    EdgeKind("has-asset", "asset-of", ("workspace",), ("ml-asset",), "build", "components, AML environments and schedules of a workspace"),
    EdgeKind("has-endpoint", "endpoint-of", ("workspace",), ("endpoint",), "build", "endpoints of a workspace"),
    EdgeKind("has-deployment", "deployment-of", ("endpoint", "model-account"), ("deployment", "model-deployment"), "build", "deployments behind an endpoint or account"),
    EdgeKind("has-connection", "connection-of", ("workspace",), ("connection",), "build", "connections of a workspace"),
    EdgeKind("has-job", "job-of", ("workspace",), ("job",), "build", "jobs of a workspace"),
    EdgeKind("depends-on", "dependency-of", ("workspace",), ("dependency", "missing"), "build", "storage, vault, registry and insights of a workspace (a project's through its hub)"),
    EdgeKind("hub-of", "project-of-hub", ("workspace",), ("workspace",), "build", "hub to its projects"),
    EdgeKind("default-store", "default-store-of", ("workspace",), ("storage-account", "missing"), "build", "the workspace's own storage account"),
    EdgeKind("stored-in", "stores", ("data-asset", "model", "datastore"), ("datastore", "storage-account", "missing"), "build", "data asset to datastore to account"),
    EdgeKind("connects-to", "connected-from", ("connection",), ("arm-resource", "missing"), "build", "the resource a connection names"),
    EdgeKind("reaches-out-to", "reached-out-to-by", ("workspace",), ("arm-resource", "missing"), "build", "a private endpoint of its managed network leads there"),
    EdgeKind("writes-logs-to", "receives-logs-of", ("application-insights",), ("log-analytics", "missing"), "build", "where insights keeps its data"),
    EdgeKind("deploys", "deployed-by", ("deployment",), ("model", "missing"), "build", "deployment to model"),
    EdgeKind("runs-on", "runs", ("batch-deployment", "job", "online-endpoint"), ("compute", "missing"), "build", "what it computes on"),
    EdgeKind("attached-to", "attached-as", ("compute",), ("arm-resource", "missing"), "build", "resource an attached compute stands for"),
    EdgeKind("has-identity", "identity-of", ("arm-resource",), ("managed-identity",), "build", "managed identities of a resource"),
    EdgeKind("member-of", "has-member", ("principal",), ("group",), "build", "direct membership"),
    EdgeKind("eligible-member-of", "has-eligible-member", ("principal",), ("group",), "build", "may activate membership (PIM for groups)"),
    EdgeKind("may-join", "may-be-joined-by", ("principal",), ("group",), "build", "owner of a group, or eligible to be one: may add itself"),
    EdgeKind("owns", "owned-by", ("principal",), ("service-principal",), "build", "owner of a workload or its application: may add a credential to it"),
    EdgeKind("trusts", "trusted-by", ("managed-identity", "service-principal"), ("outside-subject",), "build", "a federated credential lets the subject sign in as it"),
    EdgeKind("assigned-to", "has-instance", ("compute",), ("user",), "build", "the one person a compute instance is for"),
    EdgeKind("signs-in-as", "signed-in-by", ("datastore", "connection"), ("service-principal", "missing"), "build", "whose credential a datastore or connection keeps"),
    EdgeKind("reads-secrets-of", "secrets-read-by", ("principal",), ("key-vault",), "build", "an access policy of the vault lets it read secrets"),
    EdgeKind("holds-directory-role", "directory-role-of", ("principal",), ("directory-role",), "build", "assigned a role of the directory"),
    EdgeKind("granted", "granted-to", ("principal",), ("grant",), "build", "assignments of a principal"),
    EdgeKind("of-role", "role-of", ("grant",), ("role", "missing"), "build", "the role an assignment gives"),
    EdgeKind("at-scope", "scope-of", ("grant", "deny-assignment"), ("scope", "missing"), "build", "where an assignment holds, and below"),
    EdgeKind("measured-in", "measures", ("quota-pool",), ("region",), "build", "region of a pool"),
    # -- from the scenario
    EdgeKind("belongs-to", "environment-of", _RESOURCE, ("environment",), "bind", "environment that matches a resource"),
    EdgeKind("of-class", "class-of", ("arm-resource",), ("data-class",), "bind", "classes of the data a resource holds"),
    EdgeKind("row-in", "has-row", ("role-row",), ("environment",), "bind", "environment of a role row"),
    EdgeKind("names", "named-by", ("role-row", "administrator-row", "service-row"), ("principal",), "bind", "the group, workload or identity a row is for"),
    EdgeKind("written-by", "writes", ("artifact-source", "dependency", "log-analytics"), ("principal",), "bind", "who the scenario lets write a shared service"),
    EdgeKind("approved-by", "approves", ("role-row",), ("group",), "bind", "the groups that are to approve activation"),
    EdgeKind("stands-in", "site-of", ("site",), ("region",), "bind", "region of a site"),
    # -- derived
    EdgeKind("replicated-to", "replica-of", ("storage-account", "container-registry", "ml-registry", "key-vault"), ("replica", "storage-account"), "derive", "copies in other regions"),
    EdgeKind("spills-to", "spilled-from", ("model-deployment",), ("model-deployment",), "build", "deployment that takes the overflow"),
    EdgeKind("reaches-into", "reached-by", ("grant",), ("environment",), "derive", "environments below or around an assignment's scope"),
    EdgeKind("opened-by", "opens", ("data-store", "tenant"), ("opening",), "derive", "openings to the data in it; of the tenant: to everything in it"),
    EdgeKind("may-be-opened-by", "may-open", ("data-store", "tenant"), ("opening",), "derive", "openings that rest on a condition or on something unread", conditional=True),
    EdgeKind("holds", "held-by", ("principal",), ("duty",), "derive", "duties held now"),
    EdgeKind("may-activate", "may-be-activated-by", ("principal",), ("duty",), "derive", "duties held after activating an eligible role"),
    EdgeKind("may-hold", "may-be-held-by", ("principal",), ("duty",), "derive", "duties held under a condition or as far as could be read", conditional=True),
    EdgeKind("holds-as-declared", "declared-holder", ("principal",), ("duty",), "derive", "duties an administrator row, or one role row over both environments, declares"),
    EdgeKind("open-to", "may-write", ("artifact-source",), ("principal",), "derive", "who can change it beside those the scenario lets"),
    EdgeKind("perhaps-open-to", "perhaps-may-write", ("artifact-source",), ("principal",), "derive", "who can under a condition, or as far as could be read", conditional=True),
    EdgeKind("lets-in", "may-let-itself-into", ("group",), ("principal",), "derive", "who works in development and can make itself a member"),
    EdgeKind("perhaps-lets-in", "perhaps-into", ("group",), ("principal",), "derive", "who works in development and might become a member by a rule", conditional=True),
    EdgeKind("keys-open-to", "takes-keys-of", ("online-endpoint",), ("principal",), "derive", "who may take its keys beside the platform, administrators and groups with a row"),
    EdgeKind("keys-may-open-to", "may-take-keys-of", ("online-endpoint",), ("principal",), "derive", "who may under a condition, or as far as could be read", conditional=True),
    EdgeKind("drawn-on-by", "draws-on", ("quota-pool",), ("workspace",), "derive", "workspaces with computes, deployments or a cap in the pool"),
    EdgeKind("has-share", "share-of", ("quota-pool",), ("quota-share",), "derive", "shares of a pool"),
    EdgeKind("share-for", "takes-share", ("quota-share",), ("workspace",), "derive", "the workspace a share is for"),
)  # fmt: skip

ONTOLOGY = Ontology(KINDS, UNIONS, {edge.name: edge for edge in _EDGES})
