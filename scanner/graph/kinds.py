"""The node kinds and unions of the estate, each with its attributes; those of quota and of the scenario stand here, the others beside."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.graph.moving import MOVING
from scanner.graph.ontology import (
    STAGES,
    NodeKind,
    attributes,
    boolean,
    number,
    opaque,
    share,
    text,
    words,
)
from scanner.graph.resources import RESOURCES
from scanner.graph.rights import RIGHTS
from scanner.graph.shared import (
    NAMED,
    SUPPLY,
)

_KINDS = (
    *RESOURCES,
    *RIGHTS,
    # -- quota
    NodeKind("quota-pool", "quota pool", "build", "limit and use of one family in one region of one subscription", attributes(
        NAMED, text("system", "which of Azure's quotas: ML cores, virtual machines, models or counts of resources", "ml", "vm", "model", "count"), text("family", "VM family or model, normalised"),
        text("region", "region"), text("subscription", "folded id"), opaque("workspace-use", "units each workspace uses"), opaque("workspace-caps", "cap of each workspace; unset when they could not be read"), number("limit", "units granted; null when unlimited"),
        number("used", "units in use"), number("declared", "units its clusters and deployments may take at most"),
        share("headroom", "share of the limit left by the larger of used and declared"),
        share("headroom-wanted", "share the scenario keeps free; null when it asks for none"),
        boolean("in-use", "whether it is used, drawn on by a declared compute, or needed; of VM quota: only what attached computes draw on"),
        boolean("reserved-for-production", "whether caps leave production its declared maximum"),
        text("sku", "deployment type of a model's pool; null for other systems"), text("model", "model of the pool; null when several share it, or for other systems"),
        boolean("special", "whether it is of a family with GPUs or for high performance, of which no offer gives anything from the start"),
        words("workspaces", "names of the workspaces and model accounts that draw on it"),
        number("caps", "caps of its workspaces together; 0 when none has one"),
        boolean("taken-or-raised", "whether it is used, or granted more than any offer gives from the start"),
        boolean("contended", "whether it is too small for all that may draw on it, or full"),
        number("idle", "units kept by idle computes"),
        words("idle-computes", "clusters that never shrink to nothing and instances that never stop by themselves"), *SUPPLY)),
    NodeKind("model-spread", "model spread", "derive", "quota of one model and deployment type over the regions that serve", attributes(
        NAMED, text("model", "the model"), text("sku", "deployment type"), number("deployed", "units deployed in all regions together"),
        number("regions", "serving regions that have any"), share("largest-share", "share of the region that has most"),
        text("largest-region", "that region"), number("left-after-worst-loss", "units left at home without the region that has most"),
        boolean("survive-region-loss", "whether one region may be lost"))),
    NodeKind("quota-share", "quota share", "derive", "what one workspace may take of a pool", attributes(
        NAMED, number("cap", "its cap; null when none"), number("used", "units it uses"), share("share", "largest share of the pool it may take"),
        number("pool-workspaces", "workspaces that may draw on the pool"), share("fair-share", "what the scenario allows; null when it asks for none"))),
    NodeKind("serving-need", "serving need", "derive", "capacity of a family that serving sites need together", attributes(
        NAMED, text("family", "VM family"), number("amount", "units needed"), boolean("survive-region-loss", "whether one region may be lost"),
        number("left-after-worst-loss", "units left at home when the largest region is lost"),
        text("largest-region", "the region whose loss hurts most"))),
    *MOVING,
    # -- what the scenario says
    NodeKind("scenario", "scenario", "bind", "the scenario's own settings", attributes(
        NAMED, share("headroom", "quota.headroom"), share("fair-share", "quota.fair-share"),
        text("production-pool", "quota.production-pool"), boolean("survive-region-loss", "quota.survive-region-loss"),
        words("patterns", "patterns"), words("keys", "top-level keys the file has"),
        text("audience-tag", "tag by which an endpoint names its audience; null when none"), words("base-model-catalogues", "registries it declares as sources of base models"),
        number("break-glass-accounts", "emergency accounts it names"), number("break-glass-at-most", "most there may be; null when it does not say"))),
    NodeKind("environment", "environment", "bind", "an environment of the scenario", attributes(
        NAMED, text("stage", "what the environment is for", *STAGES), boolean("live", "serves customers"), words("data", "classes that may be there"),
        text("default-class", "class of what nothing else classifies"),
        boolean("by-tag", "whether its resources are recognised by a tag"),
        number("workspaces", "workspaces in it, hubs left out"),
        number("workspaces-wanted", "how many shared ones there are to be; null when it does not say"),
        number("writers", "people who can change it, declared administrators left out"),
        number("writers-before", "people who can change the environment before it; null when there is none"))),
    NodeKind("site", "site", "bind", "a site of the scenario", attributes(
        NAMED, text("region", "its region"), words("does", "what may happen there"), words("data", "its classes"),
        words("audience", "whom it serves"), words("unserved", "audiences of it that no endpoint serves from its region"),
        words("apart-from", "sites that train whose results nothing makes comparable with its own; empty for the larger part"))),
    NodeKind("data-class", "data class", "bind", "a data class of the scenario", attributes(
        NAMED, text("home", "in words"), words("home-regions", "regions at home"), boolean("production-only", "whether it may never be outside production"),
        text("platform-replication", "whether copies that Azure makes by itself may leave the home", "allow", "deny"))),
    NodeKind("role-row", "role row", "bind", "one role in one environment, of the scenario's role table", attributes(
        NAMED, text("role", "role"), text("environment", "environment"), text("stage", "what the environment is for", *STAGES),
        words("duties", "duties its people have"), words("reads", "classes of data it may read"), words("ways", "ways it may use; null: those its duties imply"),
        text("by", "eligible or standing; null: either", "eligible", "standing"), text("expires", "longest life; null when none"),
        words("guest-domains", "guest domains it admits"), text("unit", "project or team it is filled for; null when none"),
        words("approvers", "object ids of who is to approve activation, groups expanded; null when it does not say"),
        number("max-hours", "longest activation; null when it does not say"), boolean("mfa", "whether activation is to ask for a second factor"),
        words("missing-duties", "duties of the row that its group does not hold there; null when it names nobody"),
        text("review", "how often it is reviewed; null when not asked for"), text("purpose", "what it is for; null when not said", "incident", "production-training"),
        words("countries", "countries its people are in; null when anywhere"), text("mastered", "where its group is mastered; null when not said", "on-premises"))),
    NodeKind("administrator-row", "administrator row", "bind", "a group of administrators", attributes(
        NAMED, words("over", "environments"), words("duties", "duties its people have"), text("by", "how the rights are to be held: eligible or standing", "eligible", "standing"),
        text("approval", "whether activation needs an approval: required or null"), number("at-most", "most people the scenario allows"), number("people", "people in the group, at any depth"))),
    NodeKind("service-row", "declared service", "bind", "a platform identity with declared reach", attributes(
        NAMED, words("may", "read, write"), words("where", "environments"))),
    NodeKind("quota-need", "quota need", "bind", "quota a site is declared to need", attributes(
        NAMED, text("site", "site"), text("region", "the site's region"), text("family", "family as the scenario writes it"),
        number("amount", "units"), text("for", "train, serve, fine-tune"), text("of", "what it is a need of", "family", "model"),
        number("granted", "units granted at the site, where that decides whether they suffice"), *SUPPLY, words("home-regions", "regions at home for every class the site serves"))),
)  # fmt: skip

KINDS: Mapping[str, NodeKind] = {kind.name: kind for kind in _KINDS}

UNIONS: Mapping[str, tuple[str, ...]] = {
    "identity": ("user", "service-principal", "managed-identity"),
    "principal": ("user", "service-principal", "managed-identity", "group"),
    "workload": ("service-principal", "managed-identity"),
    "ml-artifact": ("model", "ml-asset"),
    "registered": ("model", "registry-asset"),
    "artifact-source": ("container-registry", "ml-registry"),
    "endpoint": ("online-endpoint", "batch-endpoint"),
    "deployment": ("online-deployment", "batch-deployment"),
    "serving": ("online-deployment", "batch-deployment", "model-deployment"),
    "quota-demand": ("quota-pool", "quota-need"),
    "tagged": ("workspace", "ml-registry", "model-account", "storage-account", "resource-group"),
    "identity-host": tuple(k.name for k in _KINDS if "identity-type" in k.attributes),
    "ml-resource": ("workspace", "compute", "online-endpoint", "batch-endpoint", "ml-registry"),
    "database": ("cosmos-account", "sql-server", "sql-database", "postgresql-server", "search-service"),
    "platform-copied": ("key-vault", "container-registry"),
    "service": (
        "storage-account",
        "key-vault",
        "container-registry",
        "application-insights",
        "log-analytics",
        "model-account",
        "cosmos-account",
        "sql-server",
        "sql-database",
        "postgresql-server",
        "search-service",
    ),
    "dependency": ("storage-account", "key-vault", "container-registry", "application-insights"),
    "shareable": (
        "storage-account",
        "key-vault",
        "container-registry",
        "application-insights",
        "resource-group",
    ),
    "data-store": (
        "storage-account",
        "model-account",
        "cosmos-account",
        "sql-server",
        "sql-database",
        "postgresql-server",
        "search-service",
        "log-analytics",
    ),
    "subject": ("workspace", "ml-registry", "model-account"),
    "scope": tuple(k.name for k in _KINDS if k.arm_type or k.name in ("tenant", "resource")),
    "arm-resource": tuple(
        k.name
        for k in _KINDS
        if (k.arm_type and not k.arm_type.startswith(("microsoft.resources/", "microsoft.management/")))
        or k.name == "resource"
    ),
}
