"""Attributes that many kinds of node share: what bind writes on every resource, what every principal has."""

from __future__ import annotations

from dataclasses import dataclass

from scanner.graph.ontology import STAGES, Attribute, boolean, number, opaque, text, words


@dataclass(frozen=True, slots=True)
class Run:
    """A job, or a step of a pipeline: keys of what it takes and gives, each with `data` or `model`, and of its compute.

    No compute: it runs on one the service provides, in the workspace's region.
    """

    step: str
    compute: str | None
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]


# What every node has; `name` is what a person calls it.
NAMED = (text("name", "the name as Azure has it"),)

# What bind writes on every resource, from the environment and class that match it.
BOUND = (
    text("environment", "the scenario's environment it belongs to; null when none matches"),
    text("stage", "what its environment is for: exploration, development, test or production", *STAGES),
    boolean("live", "whether the environment serves customers"),
    words("data-classes", "classes of the data it holds; null when no class matches"),
    boolean("regulated", "whether any of its classes has a home"),
    text("home", "the home in words, for example `Brazil`; null when it may be anywhere"),
    words("home-regions", "regions at home for all its classes together"),
    boolean("home-conflict", "whether its classes have homes that share no region"),
    words("processing-regions", "regions where its data may be processed; the home when nothing else is said"),
    boolean("shared", "whether the scenario declares it a shared service"),
    boolean("at-home", "of a service: whether it is at home; false only where another rule reports it"),
    boolean("at-declared-region", "whether a shared service is in the region its declaration names"),
    text("unit", "project, team or site it belongs to by the scenario's `structure.keys`; null when none"),
)

# What every place for data has that access is asked of.
HOLDS = (
    boolean(
        "holds-guarded-data", "whether it holds data of a guarded class: one that has a home, or is for production only"
    ),
    words("reader-groups", "groups the scenario lets read it"),
    words("production-classes", "its guarded classes that an environment of production may have"),
)

# What every place has that workspaces take models or images from.
SOURCE = (
    words("environments-using", "environments whose workspaces or deployments use it"),
    boolean("used-by-production", "whether an environment of production uses it"),
)

# Who made what production runs on.
MADE = (
    text("maker", "who made it, as Azure names them; null when Azure does not say", arm="systemData.createdBy"),
    text(
        "maker-kind",
        "kind of who made it",
        "user",
        "application",
        "managed-identity",
        "key",
        arm="systemData.createdByType",
    ),
    Attribute(
        "came-by",
        "text",
        "how it got there; `other` is a workload that does not release, `undeclared` a release or registry without a flow",
        ("release", "registry", "training", "platform", "person", "other", "undeclared"),
        said={
            "person": "a person",
            "other": "a workload that does not release",
            "undeclared": "a release or registry that no flow covers",
        },
    ),
)
# What a thing was made from, and whether it may be where it is.
LINEAGE = (
    words("learned-from", "guarded classes of the data it was made from, as they count where it is"),
    words("away-from-home", "guarded classes it counts as outside their home, each with the region"),
    text("lineage", "how the first of these came: from the data over jobs and models; null when there is none"),
)
# Whom an endpoint serves, and from where.
AUDIENCE = (
    text("audience", "the audience its tag names; null when none"),
    text("serves-from", "region it answers in: a Kubernetes endpoint in its cluster's"),
    words("audience-regions", "regions of the sites that serve that audience"),
)
_LEVELS = {"cannotdelete": "CanNotDelete", "readonly": "ReadOnly"}
LOCKS = Attribute(
    "locks", "set", "locks that hold for it, from above too", tuple(_LEVELS), "properties.level", said=_LEVELS
)
TOLD = boolean(
    "judged-by-server",
    "of a SQL database: whether it has its server's home and is nowhere but there, so that the server is judged instead",
)
BUDGETS = words("budgets", "budgets of its own")
COPIES = words("replicated-regions", "regions beside its own in which it is kept by its own settings")
BACKUP = text(
    "backup-redundancy",
    "how its backups are kept; another word is one nobody knows",
    "local",
    "zone",
    "geo",
    "geo-zone",
)
TAGGED = words(
    "contradicting-tags", "environments that its tags, and those of its resource group and subscription, name at once"
)
# What the scenario asks of a workspace as a part of its structure.
ROOM = (
    TAGGED,
    boolean("own-room", "whether it is to belong to one project, team or site: no hub, and not declared as shared"),
    text(
        "structure-unit",
        "project, team or site it is of, with its environment where the scenario divides by that; null when it says none",
    ),
    Attribute("lock-wanted", "text", "the lock its environment demands; null when none", tuple(_LEVELS), said=_LEVELS),
    words("missing-tags", "tags its environment demands and it does not have"),
)
# What every pool and every need has that may find the same quota in another place.
SUPPLY = (
    boolean("short", "whether it has less than is wanted: a pool that is full, or a site without what it needs"),
    words("spare-elsewhere", "names of pools of the same family or model that are granted and that nothing draws on"),
)

PLATFORM = (
    words(
        "platform-home-regions",
        "regions in which the platform may keep copies of it; null where the scenario leaves that to Azure",
    ),
    text("platform-denied-for", "classes for which the scenario allows no such copy outside; null when none"),
)

# What every ARM resource has.
ARM = (
    *NAMED,
    text("type", "the ARM type, lower case", arm="type"),
    text(
        "region",
        "the region in lower case without blanks; null when the resource is not regional",
        arm="location",
    ),
    opaque("tags", "tags as Azure returned them"),
    text("subscription", "the folded id of its subscription"),
    text("resource-group", "the folded id of its resource group; null at a subscription"),
    text("managed-by", "the folded id of the resource that manages it; null when none", arm="managedBy"),
    boolean(
        "referenced",
        "whether an ML workspace, datastore, connection or registry refers to it, or a data class matches it",
    ),
    *BOUND,
)
IDENTITY_HOST = (
    text("identity-type", "system-assigned, user-assigned, or both with a comma between", arm="identity.type"),
)

PRINCIPAL = (
    *NAMED,
    text(
        "origin",
        "where the principal comes from",
        "microsoft",
        "host-default",
        "policy",
        "service",
        "delegated",
        "own",
    ),
    boolean("break-glass", "whether the scenario names it an emergency account"),
    boolean("administrator", "whether it is a group an administrator row names, or in one"),
    boolean("unresolved", "whether the directory no longer knows it"),
    words(
        "environments-assigned",
        "environments in which it holds more than reader roles, by assignments inside them",
    ),
    words("undeclared-environments", "environments it is assigned in for which the role table does not list it"),
    boolean(
        "structure-creator",
        "whether the scenario lets it create resource groups and workspaces, itself or by a group it is in",
    ),
)
PERSON_OR_WORKLOAD = (
    boolean("account-enabled", "whether it may sign in", arm="accountEnabled"),
    boolean("release-workload", "whether the scenario names it the release workload"),
    words("acts-in", "environments in which a workload runs or holds more than reader roles"),
    words("acts-undeclared-in", "environments it acts in although neither its host nor the scenario puts it there"),
    boolean("acts-in-production", "whether it acts in production"),
)
GRAPH_PERMISSIONS = words(
    "graph-permissions", "application permissions it holds on Microsoft Graph, as Graph names them"
)

# What PIM asks of whoever activates: a role, or membership of a group.
ACTIVATED = (
    boolean("activation-read", "whether what activating it demands could be read"),
    boolean("activation-approval", "whether activating it needs an approval"),
    boolean("activation-mfa", "whether activating it needs a second factor"),
    number("activation-hours", "longest activation"),
    words("activation-approvers", "object ids of who approves"),
)
