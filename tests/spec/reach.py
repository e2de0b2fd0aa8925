"""Who reaches which data, by which steps: every way of the table in the design's page on access, each said once.

A step takes somebody into a store, or makes them somebody else. Whoever can act as somebody who reaches, reaches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from tests.spec.access import (  # fmt: skip
    GRANTING,
    Answer,
    Assignment,
    Keeper,
    World,
    allows,
    chain,
    denied,
    gives,
    inside,
    joined,
    may,
    strongest,
    unconditioned,
    weakest,
)

STORAGE = "microsoft.storage/storageaccounts"
SEARCH = "microsoft.search/searchservices"
COSMOS = "microsoft.documentdb/databaseaccounts"
ML = "microsoft.machinelearningservices/workspaces"
IDENTITY = "microsoft.managedidentity/userassignedidentities"
ANYBODY = "*"

# What is data in a store, by kind of store and access; all of these are data actions.
DATA = {
    ("storage-account", "read"): (
        f"{STORAGE}/blobservices/containers/blobs/read", f"{STORAGE}/fileservices/fileshares/files/read",
        f"{STORAGE}/fileservices/readfilebackupsemantics/action", f"{STORAGE}/queueservices/queues/messages/read",
        f"{STORAGE}/queueservices/queues/messages/process/action", f"{STORAGE}/tableservices/tables/entities/read"),
    ("storage-account", "write"): (
        f"{STORAGE}/blobservices/containers/blobs/write", f"{STORAGE}/blobservices/containers/blobs/add/action",
        f"{STORAGE}/blobservices/containers/blobs/delete", f"{STORAGE}/blobservices/containers/blobs/move/action",
        *(f"{STORAGE}/fileservices/{a}" for a in ("fileshares/files/write", "fileshares/files/delete", "writefilebackupsemantics/action")),
        *(f"{STORAGE}/queueservices/queues/messages/{a}" for a in ("write", "add/action", "process/action", "delete")),
        *(f"{STORAGE}/tableservices/tables/entities/{a}" for a in ("write", "add/action", "update/action", "delete"))),
    ("search-service", "read"): (f"{SEARCH}/indexes/documents/read",),
    ("search-service", "write"): (f"{SEARCH}/indexes/documents/write",),
}  # fmt: skip
STORE_KEYS = {
    "storage-account": tuple(f"{STORAGE}/{a}/action" for a in ("listkeys", "listaccountsas", "listservicesas", "regeneratekey")),
    "search-service": tuple(f"{SEARCH}/{a}/action" for a in ("listadminkeys", "regenerateadminkey")),
    "cosmos-account": tuple(f"{COSMOS}/{a}/action" for a in ("listkeys", "listconnectionstrings", "regeneratekey")),
}  # fmt: skip
READ_KEYS = {
    "search-service": (f"{SEARCH}/listquerykeys/action",),
    "cosmos-account": (f"{COSMOS}/readonlykeys/action",),
}
REOPEN = {
    "storage-account": f"{STORAGE}/write",
    "search-service": f"{SEARCH}/write",
    "cosmos-account": f"{COSMOS}/write",
}

WORKSPACE_KEYS = (f"{ML}/listkeys/action", f"{ML}/liststorageaccountkeys/action")
DATASTORE_SECRETS = (f"{ML}/datastores/listsecrets/action",)
CONNECTION_SECRETS = (f"{ML}/connections/listsecrets/action",)
RUN_JOBS = tuple(
    f"{ML}/{a}"
    for a in ("jobs/write", "schedules/write", "batchendpoints/jobs/write", "experiments/runs/submit/action")
)
DEPLOY = (f"{ML}/onlineendpoints/deployments/write",)
PREVIEW = (f"{ML}/datasets/registered/preview/read", f"{ML}/datasets/unregistered/preview/read")
ATTACH = (f"{IDENTITY}/assign/action",)
FEDERATE = (f"{IDENTITY}/federatedidentitycredentials/write",)
DEFINE_ROLES = ("microsoft.authorization/roledefinitions/write",)
ASSIGN_POLICIES = ("microsoft.authorization/policyassignments/write",)
VAULT_SECRETS = ("microsoft.keyvault/vaults/secrets/getsecret/action",)
VAULT_POLICIES = ("microsoft.keyvault/vaults/write", "microsoft.keyvault/vaults/accesspolicies/write")
REPLICATE = (f"{STORAGE}/objectreplicationpolicies/write",)
LOCAL_USERS = (f"{STORAGE}/localusers/write",)
NEW_PASSWORDS = (f"{STORAGE}/localusers/regeneratepassword/action",)
PUBLISH = (f"{STORAGE}/blobservices/containers/write",)
# Acting on a host: by ARM type.
HOSTS = {
    "microsoft.compute/virtualmachines": tuple(
        f"microsoft.compute/virtualmachines/{a}" for a in ("runcommand/action", "runcommands/write", "extensions/write", "write")),
    "microsoft.containerservice/managedclusters": tuple(
        f"microsoft.containerservice/managedclusters/{a}"
        for a in ("listclusteradmincredential/action", "listclusterusercredential/action", "runcommand/action", "write")),
    "microsoft.datafactory/factories": ("microsoft.datafactory/factories/pipelines/write", "microsoft.datafactory/factories/write"),
}  # fmt: skip
# Signing in to a host, or placing work on it, by data actions.
HOST_DATA = {
    "microsoft.compute/virtualmachines": tuple(f"microsoft.compute/virtualmachines/{a}/action" for a in ("login", "loginasadmin")),
    "microsoft.containerservice/managedclusters": tuple(
        f"microsoft.containerservice/managedclusters/{a}/write"
        for a in ("pods", "apps/deployments", "apps/daemonsets", "apps/statefulsets", "batch/jobs", "batch/cronjobs")),
}  # fmt: skip
# What runs and takes an identity along: the type is made by writing it, in a resource group or below its parent.
RUNS = (*HOSTS, f"{ML}/computes", f"{ML}/onlineendpoints")


@dataclass(frozen=True)
class Step:
    """Somebody gets into a store, or into the skin of an identity. `cause` is what would have to be removed."""

    who: str
    into: str
    way: str
    cause: str
    answer: Answer
    source: str  # the principal of an assignment or access policy, an owner, a person, an outside subject
    assignment: Assignment | None = None


def arm_type(place: str) -> str:
    """The ARM type of a resource; empty for a resource group or anything above."""
    group, _, after = place.rpartition("/providers/")
    words = after.split("/") if "/resourcegroups/" in group else []
    return "/".join([words[0], *words[1::2]]) if len(words) > 1 else ""


def by_assignment(
    world: World, place: str, actions: Iterable[str], into: str, way: str, *, data: bool = False,
    also: Callable[[str], Answer] = lambda who: "yes", made_at: str | None = None, data_actions: Iterable[str] = (),
) -> Iterator[Step]:  # fmt: skip
    """Everybody whom an assignment lets take one of some actions at a place, where they `also` need something."""
    for a in world.assignments:
        if made_at is not None and a.scope != made_at:
            continue
        for who in inside(world, a.principal) & world.everybody:
            wanted = [*((action, data) for action in actions), *((action, True) for action in data_actions)]
            answer = strongest(gives(world, a, who, action, kind, place) for action, kind in wanted)
            if answer != "no" and (answer := weakest(answer, also(who))) != "no":
                yield Step(who, into, way, a.key, answer, a.principal, a)


# -- into a store ---------------------------------------------------------------------------------------------------------


def into_store(world: World, store: str, access: str) -> Iterator[Step]:
    """Every first step that ends in the data of a store."""
    facts = world.stores[store]
    storage = facts.kind == "storage-account"
    yield from data_roles(world, store, access)

    def open_to(who: str) -> Answer:
        """Keys that are refused open nothing, unless one may switch them on again."""
        return "yes" if facts.keys else may(world, who, REOPEN[facts.kind], False, store)

    keys = STORE_KEYS[facts.kind] + (READ_KEYS.get(facts.kind, ()) if access == "read" else ())
    yield from by_assignment(world, store, keys, store, "account-key", also=open_to)
    for name, workspace in world.workspaces.items():
        if workspace.default_store == store:
            yield from by_assignment(world, name, WORKSPACE_KEYS, store, "workspace-keys", also=open_to)
            if facts.keys:
                yield from give_themselves(world, name, WORKSPACE_KEYS, store)
    for keeper in world.keepers.values():
        if keeper.store == store and keeper.keeps == "key" and facts.keys:
            yield from uses(world, keeper, store)
    yield from grant_self(world, store, access)
    if access == "write":
        return
    for keeper in world.keepers.values():
        if keeper.store == store and keeper.read_by_service and not keeper.connection:
            yield from previews(world, keeper)
    if storage:
        yield from by_assignment(world, store, REPLICATE, store, "copy-out")
        if facts.sftp:
            some = NEW_PASSWORDS if facts.local_users else ()
            yield from by_assignment(world, store, (*LOCAL_USERS, *some), store, "copy-out")
        if facts.public_blobs:
            yield from by_assignment(world, store, PUBLISH, store, "copy-out")
        if facts.public_blobs and facts.anonymous:
            yield Step(ANYBODY, store, "anonymous", f"anonymous:{store}", "yes", ANYBODY)
        if facts.sftp:
            for user in facts.local_users:
                yield Step(ANYBODY, store, "local-user", f"local-user:{store}|{user}", "yes", ANYBODY)


def data_roles(world: World, store: str, access: str) -> Iterator[Step]:
    """A data action on the account or above, or on a part of it (a container)."""
    actions = DATA.get((world.stores[store].kind, access), ())
    yield from by_assignment(world, store, actions, store, "data-role", data=True)
    for part in world.parents:
        if part != store and store in chain(world, part):
            yield from by_assignment(world, part, actions, store, "data-role", data=True, made_at=part)


def previews(world: World, keeper: Keeper) -> Iterator[Step]:
    """Where the service reads with the workspace's identity, whoever may preview data reads as far as it does."""
    own = world.hosts.get(keeper.workspace, frozenset())
    reads = strongest(s.answer for s in data_roles(world, keeper.store, "read") if s.who in own)
    yield from by_assignment(
        world, keeper.workspace, PREVIEW, keeper.store, "workspace-identity", also=lambda who: reads
    )
    yield from give_themselves(world, keeper.workspace, PREVIEW, keeper.store, sure=reads)


def uses(world: World, keeper: Keeper, into: str) -> Iterator[Step]:
    """Who may use what a workspace keeps: take it, run code that is handed it, or read it in the workspace's vault."""
    secrets = CONNECTION_SECRETS if keeper.connection else DATASTORE_SECRETS
    yield from by_assignment(world, keeper.workspace, secrets, into, "stored-credential")
    if not keeper.connection:
        yield from by_assignment(world, keeper.workspace, RUN_JOBS, into, "run-as-compute")
    yield from give_themselves(world, keeper.workspace, secrets if keeper.connection else (*secrets, *RUN_JOBS), into)
    name = world.workspaces[keeper.workspace].vault
    if name is None:
        return
    vault = world.vaults[name]
    if vault.by_roles:
        yield from by_assignment(world, name, VAULT_SECRETS, into, "vault", data=True)
        yield from give_themselves(world, name, VAULT_SECRETS, into, data=True)
        return
    yield from by_assignment(world, name, VAULT_POLICIES, into, "vault")
    yield from give_themselves(world, name, VAULT_POLICIES, into)
    for principal in vault.readers:
        for who in inside(world, principal) & world.everybody:
            yield Step(who, into, "vault", f"policy:{name}|{principal}", "yes", principal)


def grant_self(world: World, store: str, access: str) -> Iterator[Step]:
    """Who may give themselves a role that opens the data, or rewrite one they hold."""
    yield from by_giving(world, store, store, lambda role: opens(world, role, store, access))


def give_themselves(
    world: World, place: str, actions: Iterable[str], into: str, *, data: bool = False,
    also: Callable[[str], Answer] = lambda who: "yes", data_actions: Iterable[str] = (), sure: Answer = "yes",
) -> Iterator[Step]:  # fmt: skip
    """Who may give themselves one of some rights at a place that leads on; whose assignment gives it anyway has it already."""
    wanted = [*((action, data) for action in actions), *((action, True) for action in data_actions)]

    def gives_anyway(step: Step, a: Assignment) -> bool:
        return any(gives(world, a, step.who, action, kind, place) == "yes" for action, kind in wanted)

    listed = [*wanted, *((action, False) for action in GRANTING)]
    for step in by_giving(world, place, into, lambda role: role_gives(world, role, listed)):
        answer = weakest(step.answer, also(step.who), sure)
        if answer != "no" and step.assignment is not None and not gives_anyway(step, step.assignment):
            yield replace(step, answer=answer)


def by_giving(world: World, place: str, into: str, opening: Callable[[str], Answer]) -> Iterator[Step]:
    """Who may assign, at a place, a role that opens something there, or rewrite one they hold there."""
    for a in world.assignments:
        if a.scope not in chain(world, place):
            continue
        for who in inside(world, a.principal) & world.everybody:
            answers = []
            for action in GRANTING:
                kept = denied(world, who, action, False, place)
                blocks = range(len(world.roles[a.role]))
                answer = strongest(_admits(world, a, number, opening, action) for number in blocks)
                if kept != "yes":
                    answers.append(weakest(answer, "perhaps") if kept == "perhaps" else answer)
            if (found := strongest(answers)) != "no":
                yield Step(who, into, "grant-self", a.key, found, a.principal, a)

    def holds_custom(who: str) -> Answer:
        return strongest(
            "perhaps" if a.condition == "unread" else "yes"
            for a in world.assignments
            if a.role in world.custom and a.scope in chain(world, place) and who in inside(world, a.principal)
        )

    yield from by_assignment(world, place, DEFINE_ROLES, into, "grant-self", also=holds_custom)


def _admits(world: World, assignment: Assignment, number: int, opening: Callable[[str], Answer], action: str) -> Answer:
    """Whether one block of an assignment's role lets one assign, by an action, a role that opens something."""
    block = world.roles[assignment.role][number]
    if not allows(block, action, False):
        return "no"
    conditions = [assignment.condition, block.condition]
    lists = [c for c in conditions if isinstance(c, frozenset)]
    listed = frozenset.intersection(*lists) if lists else None
    admitted: Answer = "yes" if listed is None else strongest(opening(role) for role in listed)
    return weakest(admitted, "perhaps") if "unread" in conditions else admitted


def opens(world: World, role: str, store: str, access: str) -> Answer:
    """Whether somebody who was given this one role on a store would reach its data."""
    facts = world.stores[store]
    reopens = any(allows(block, REOPEN[facts.kind], False) for block in world.roles[role])
    keys = STORE_KEYS[facts.kind] + (READ_KEYS.get(facts.kind, ()) if access == "read" else ())
    control = GRANTING if not facts.keys and not reopens else (*GRANTING, *keys)
    return role_gives(
        world, role, [(action, False) for action in control] + [(a, True) for a in DATA.get((facts.kind, access), ())]
    )


def role_gives(world: World, role: str, wanted: Iterable[tuple[str, bool]]) -> Answer:
    """Whether a role gives one of some actions to whoever is given it without any condition."""
    wanted = list(wanted)
    return strongest(
        "yes" if unconditioned(block.condition, action) else "perhaps"
        for block in world.roles[role]
        for action, data in wanted
        if allows(block, action, data)
    )


# -- into another's skin ----------------------------------------------------------------------------------------------------


def into_identities(world: World) -> Iterator[Step]:
    """Every step by which somebody acts as a managed identity or workload."""
    for place, attached in world.hosts.items():
        for identity in attached:
            yield from into_hosted(world, place, identity)
    for workload, owners in world.owners.items():
        for owner in owners:
            for who in inside(world, owner) & world.everybody:
                yield Step(who, workload, "federate", f"owner:{owner}|{workload}", "yes", owner)
    for identity, subjects in world.trusts.items():
        for subject in subjects:
            yield Step(subject, identity, "federate", f"trust:{identity}|{subject}", "yes", subject)
    for keeper in world.keepers.values():
        if keeper.keeps == "service-principal" and keeper.signs_in_as is not None:
            yield from uses(world, keeper, keeper.signs_in_as)


def into_hosted(world: World, place: str, identity: str) -> Iterator[Step]:
    """Who acts as an identity by way of one place it is attached to."""
    sort = arm_type(place)
    above = world.parents.get(place) or place.rpartition("/providers/")[0]
    if place in world.instances:  # a compute instance is one person's
        person = world.instances[place]
        yield Step(person, identity, "run-as-compute", f"instance:{person}|{place}", "yes", person)
    elif sort == f"{ML}/computes":
        yield from by_right(world, above, RUN_JOBS, identity, "run-as-compute")
    elif sort == f"{ML}/onlineendpoints":
        yield from by_right(world, place, DEPLOY, identity, "run-as-endpoint")
    elif sort == IDENTITY:
        yield from by_right(world, place, ATTACH, identity, "attach-identity", also=lambda who: may_create(world, who))
        yield from by_right(world, place, FEDERATE, identity, "federate")
    elif "/policyassignments/" in place:
        yield from by_assignment(world, above, ASSIGN_POLICIES, identity, "grant-self")
    elif sort in HOSTS:
        yield from by_right(world, place, HOSTS[sort], identity, "act-on-host", data_actions=HOST_DATA.get(sort, ()))


def by_right(
    world: World, place: str, actions: Iterable[str], identity: str, way: str, *,
    also: Callable[[str], Answer] = lambda who: "yes", data_actions: Iterable[str] = (),
) -> Iterator[Step]:  # fmt: skip
    """Who holds a right by which one acts as an identity, or may give themselves that."""
    yield from by_assignment(world, place, actions, identity, way, also=also, data_actions=data_actions)
    yield from give_themselves(world, place, actions, identity, also=also, data_actions=data_actions)


def may_create(world: World, who: str) -> Answer:
    """Whether somebody may create something that runs, or change it: below any scope, in a workspace, or what is there."""
    new = {f"{place}/new": place for place in world.parents}
    later = replace(world, parents={**world.parents, **new})
    answers = [
        may(world, who, f"{sort}/write", False, place) for place in world.parents if (sort := arm_type(place)) in RUNS
    ]
    for thing, place in new.items():
        below = [runs for runs in RUNS if arm_type(place) in ("", runs.rpartition("/")[0])]
        answers += [may(later, who, f"{runs}/write", False, thing) for runs in below]
    return strongest(answers)


# -- to a fixpoint --------------------------------------------------------------------------------------------------------


def reach(world: World, store: str, access: str) -> dict[str, Answer]:
    """Who reaches the data of a store by any chain: for certain, or only under a condition."""
    found: dict[str, Answer] = {}
    for step in into_store(world, store, access):
        found[step.who] = strongest((step.answer, found.get(step.who, "no")))
    between = list(into_identities(world))
    while True:
        before = dict(found)
        for step in between:
            answer = weakest(step.answer, found.get(step.into, "no"))
            if strongest((answer, found.get(step.who, "no"))) != found.get(step.who, "no"):
                found[step.who] = answer
        if found == before:
            return found


def reach_by_joining(world: World, store: str, access: str) -> dict[str, Answer]:
    """The same if whoever may add themselves to a group does; the mark `may-join` tells the two apart."""
    return reach(joined(world), store, access)
