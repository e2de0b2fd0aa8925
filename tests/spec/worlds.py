"""Generated worlds on one small map: two environments, two workspaces, a few hosts and stores, and rights thrown over them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tests.spec.access import Assignment, Block, Condition, Deny, Keeper, Store, Vault, Workspace, World
from tests.spec.approval import Administrators, Row, Service, Table

PEOPLE = tuple(f"p{n}" for n in range(4))
GROUPS = tuple(f"g{n}" for n in range(4))
WORKLOADS = ("sp0", "sp1")
SUBJECTS = ("issuer|subject",)
ROLES = tuple(f"0000000{n}-0000-4000-8000-000000000000" for n in range(4))
UNKNOWN_ROLE = "ffffffff-0000-4000-8000-000000000000"

_MG = "/providers/microsoft.management/managementgroups"
RG1, RG10, RG2 = "/subscriptions/s1/resourcegroups/rg1", "/subscriptions/s1/resourcegroups/rg10", "/subscriptions/s2/resourcegroups/rg(1)"  # fmt: skip
A1, A2, A3 = (f"{rg}/providers/microsoft.storage/storageaccounts/a{n}" for n, rg in enumerate((RG1, RG10, RG2), 1))
CONTAINER = f"{A1}/blobservices/default/containers/c"
FIND = f"{RG1}/providers/microsoft.search/searchservices/find"
COSMOS = f"{RG2}/providers/microsoft.documentdb/databaseaccounts/cosmos"
W1, W2 = (f"{rg}/providers/microsoft.machinelearningservices/workspaces/w{n}" for n, rg in enumerate((RG1, RG10), 1))
C1, C2, INSTANCE = f"{W1}/computes/c1", f"{W2}/computes/c2", f"{W1}/computes/instance"
ENDPOINT = f"{W1}/onlineendpoints/e1"
V1, V2 = (f"{rg}/providers/microsoft.keyvault/vaults/v{n}" for n, rg in enumerate((RG1, RG10), 1))
VM1, VM2 = (f"{rg}/providers/microsoft.compute/virtualmachines/vm{n}" for n, rg in enumerate((RG1, RG10), 1))
AKS = f"{RG2}/providers/microsoft.containerservice/managedclusters/aks"
FACTORY = f"{RG10}/providers/microsoft.datafactory/factories/adf"
ID1, ID2 = (
    f"{rg}/providers/microsoft.managedidentity/userassignedidentities/id{n}" for n, rg in enumerate((RG1, RG10), 1)
)
POLICY = "/subscriptions/s1/providers/microsoft.authorization/policyassignments/tagging"

STORES = (A1, A2, A3, FIND, COSMOS)
ACCOUNTS = (A1, A2, A3)
_IN = {
    RG1: (A1, FIND, W1, V1, VM1, ID1), RG10: (A2, W2, V2, VM2, FACTORY, ID2), RG2: (A3, COSMOS, AKS),
    A1: (CONTAINER,), W1: (C1, INSTANCE, ENDPOINT), W2: (C2,),
}  # fmt: skip
PARENTS: dict[str, str | None] = {
    "/": None, f"{_MG}/top": "/", f"{_MG}/inner": f"{_MG}/top", "/subscriptions/s1": f"{_MG}/inner", "/subscriptions/s2": f"{_MG}/top",
    RG1: "/subscriptions/s1", RG10: "/subscriptions/s1", RG2: "/subscriptions/s2",
    **{child: parent for parent, inside in _IN.items() for child in inside},
}  # fmt: skip
ENVIRONMENTS = {
    p: "development" if f"{p}/".startswith(f"{RG10}/") else "production" for p in PARENTS if "/resourcegroups/" in p
}
CLASSES = {store: frozenset({"sampled"} if store == A2 else {"live"}) for store in STORES}
# Identities that belong to one resource, and those that stand alone.
SYSTEM = {"mi-w1": W1, "mi-c2": C2, "mi-e1": ENDPOINT, "mi-vm2": VM2, "mi-aks": AKS, "mi-policy": POLICY}
ALONE = {"id1": ID1, "id2": ID2}
HOSTS = (C1, C2, INSTANCE, ENDPOINT, VM1, VM2, AKS, FACTORY, W1, W2)
IDENTITIES = (*SYSTEM, *ALONE)
EVERYBODY = (*PEOPLE, *WORKLOADS, *IDENTITIES)

_ML = "Microsoft.MachineLearningServices/workspaces"
_CONTROL = st.sampled_from([
    "*", "*", "*/read", "*/write", "*/action", "Microsoft.Storage/*", "Microsoft.Storage/storageAccounts/write",
    "microsoft.storage/storageaccounts/listKeys/action", "Microsoft.Storage/*/listkeys/action", "Microsoft.Storage/storageAccounts/*/listKeys/action",
    "Microsoft.Storage/storageAccounts/objectReplicationPolicies/write", "Microsoft.Storage/storageAccounts/localUsers/write",
    "Microsoft.Storage/storageAccounts/blobServices/containers/write", "Microsoft.Authorization/*/Write",
    "Microsoft.Authorization/roleAssignments/*", "Microsoft.Authorization/roleEligibilityScheduleRequests/write", "Microsoft.Authorization/*",
    "Microsoft.Authorization/roleDefinitions/write", "Microsoft.Authorization/policyAssignments/write",
    f"{_ML}/*/action", f"{_ML}/listKeys/action", f"{_ML}/datastores/listSecrets/action", f"{_ML}/*/listSecrets/action",
    f"{_ML}/connections/listsecrets/action", f"{_ML}/jobs/*", f"{_ML}/jobs/write", f"{_ML}/*/jobs/write", f"{_ML}/schedules/write",
    f"{_ML}/onlineEndpoints/deployments/write", f"{_ML}/onlineEndpoints/*", f"{_ML}/computes/write", f"{_ML}/*/computes/*/write",
    f"{_ML}/datasets/registered/preview/read", "Microsoft.Compute/virtualMachines/runCommand/action", "Microsoft.Compute/*",
    "Microsoft.Compute/virtualMachines/write", "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
    "Microsoft.DataFactory/factories/*", "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write", "Microsoft.ManagedIdentity/*",
    "Microsoft.KeyVault/vaults/accessPolicies/write", "Microsoft.KeyVault/vaults/*", "Microsoft.Search/searchServices/*",
    "Microsoft.Search/searchServices/listQueryKeys/action", "Microsoft.DocumentDB/databaseAccounts/*", "Microsoft.DocumentDB/databaseAccounts/readonlykeys/action",
])  # fmt: skip
_DATA = st.sampled_from([
    "*", "*/read", "Microsoft.Storage/storageAccounts/blobServices/*", "Microsoft.Storage/storageAccounts/*/files/write",
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*",
    "Microsoft.KeyVault/vaults/secrets/getSecret/action", "Microsoft.KeyVault/*", "Microsoft.Search/searchServices/indexes/documents/*",
])  # fmt: skip


def _tuples(patterns: st.SearchStrategy[str], most: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(patterns, max_size=most).map(tuple)


_CONDITIONS: st.SearchStrategy[Condition] = st.one_of(
    st.none(), st.none(), st.none(), st.just("unread"), st.frozensets(st.sampled_from(ROLES), min_size=1, max_size=2)
)  # fmt: skip
_BLOCKS = st.builds(
    Block, _tuples(_CONTROL, 3), _tuples(_CONTROL, 1), _tuples(_DATA, 2), _tuples(_DATA, 1), _CONDITIONS
)
_ROLES = st.lists(st.lists(_BLOCKS, min_size=1, max_size=2).map(tuple), min_size=len(ROLES), max_size=len(ROLES))
_PRINCIPALS = st.sampled_from([*PEOPLE, *GROUPS, *WORKLOADS, *IDENTITIES])
_SCOPES = st.sampled_from(list(PARENTS))
_DENIES = st.builds(
    Deny, _SCOPES, _BLOCKS.map(lambda b: Block(b.actions, b.not_actions, b.data_actions, b.not_data_actions, "unread" if b.condition else None)),
    st.frozensets(st.sampled_from(["*", *EVERYBODY, *GROUPS]), min_size=1, max_size=2), st.frozensets(_PRINCIPALS, max_size=1), st.booleans(),
)  # fmt: skip
_STORE = st.builds(Store, st.just("storage-account"), st.booleans(), st.booleans(), st.booleans(), st.booleans(),
                   st.frozensets(st.sampled_from(["sftp"]), max_size=1))  # fmt: skip
_KEEPERS = st.fixed_dictionaries({}, optional={
    f"{workspace}/{sort}/{name}": st.builds(
        Keeper, st.just(workspace), st.sampled_from(STORES if sort == "connections" else ACCOUNTS),
        st.sampled_from(["nothing", "key", "service-principal"]), st.sampled_from(WORKLOADS), st.just(sort == "connections"), st.booleans())
    for workspace in (W1, W2) for sort, name in (("datastores", "lake"), ("connections", "link"))
})  # fmt: skip


def _by(
    keys: tuple[str, ...], values: st.SearchStrategy[str], most: int
) -> st.SearchStrategy[dict[str, frozenset[str]]]:
    return st.fixed_dictionaries({key: st.frozensets(values, max_size=most) for key in keys})


@st.composite
def worlds(draw: st.DrawFn, most: int = 7) -> World:
    """Any world on the map. Shrinks to few assignments, empty groups, plain roles."""
    several = draw(st.integers(0, most))
    attached = draw(_by((*HOSTS, POLICY), st.sampled_from(list(ALONE)), 1))
    hosts = {
        place: frozenset(n for n, p in {**SYSTEM, **ALONE}.items() if p == place)
        for place in (*HOSTS, POLICY, *ALONE.values())
    }
    assignments = draw(st.lists(st.builds(
        Assignment, _PRINCIPALS, st.sampled_from(ROLES), _SCOPES, _CONDITIONS, st.sampled_from(["standing", "standing", "eligible"])), min_size=several, max_size=most))  # fmt: skip
    stores = dict(zip(ACCOUNTS, draw(st.lists(_STORE, min_size=3, max_size=3)), strict=True))
    vaults = st.builds(Vault, st.booleans(), st.frozensets(_PRINCIPALS, max_size=2))
    person = draw(st.sampled_from(PEOPLE))
    return World(
        parents=PARENTS, people=frozenset(PEOPLE), roles=dict(zip(ROLES, draw(_ROLES), strict=True)),
        assignments=tuple({a.key: a for a in assignments}.values()),
        denies=tuple(draw(st.lists(_DENIES, max_size=2))), workloads=frozenset(WORKLOADS), identities=frozenset(IDENTITIES), outside=frozenset(SUBJECTS),
        members=draw(_by(GROUPS, _PRINCIPALS, 3)), eligible=draw(_by(GROUPS, _PRINCIPALS, 1)), joiners=draw(_by(GROUPS, _PRINCIPALS, 1)),
        owners=draw(_by(WORKLOADS, _PRINCIPALS, 1)), trusts=draw(_by((*WORKLOADS, *ALONE), st.sampled_from(SUBJECTS), 1)),
        hosts={place: inside | attached.get(place, frozenset()) for place, inside in hosts.items()}, instances={INSTANCE: person},
        stores={**stores, FIND: Store("search-service", draw(st.booleans())), COSMOS: Store("cosmos-account", draw(st.booleans()))},
        workspaces={W1: Workspace(A1, V1), W2: Workspace(A2, V2)}, vaults={V1: draw(vaults), V2: draw(vaults)},
        keepers=draw(_KEEPERS), custom=frozenset(draw(st.sets(st.sampled_from(ROLES), max_size=1))),
    )  # fmt: skip


_WAYS = st.frozensets(
    st.sampled_from(["data-role", "account-key", "vault", "act-on-host", "federate", "run-as-compute"]),
    min_size=1,
    max_size=2,
)
_ENVIRONMENTS = st.sampled_from(["production", "development"])


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Any role table for the map."""
    rows = st.builds(
        Row, st.sampled_from([*GROUPS, *GROUPS, *PEOPLE]), _ENVIRONMENTS, st.frozensets(st.sampled_from(["live", "sampled"]), min_size=1),
        st.frozensets(st.sampled_from(["train", "observe", "operate", "release"]), max_size=2), st.one_of(st.none(), st.none(), _WAYS), st.booleans(),
    )  # fmt: skip
    both = st.frozensets(_ENVIRONMENTS, min_size=1)
    return Table(
        ENVIRONMENTS, CLASSES, tuple(draw(st.lists(rows, max_size=3))),
        tuple(draw(st.lists(st.builds(Administrators, st.sampled_from(GROUPS), both), max_size=1))),
        tuple(draw(st.lists(st.builds(Service, st.sampled_from([*WORKLOADS, *ALONE]), st.frozensets(st.sampled_from(["read", "write"]), min_size=1), both), max_size=1))),
        draw(st.frozensets(st.sampled_from(PEOPLE), max_size=1)), draw(st.frozensets(st.sampled_from(WORKLOADS), max_size=1)),
        draw(st.frozensets(st.sampled_from([*WORKLOADS, "id1"]), max_size=1)), draw(st.frozensets(st.sampled_from(SUBJECTS), max_size=1)),
    )  # fmt: skip


@st.composite
def plain_worlds(draw: st.DrawFn) -> World:
    """Worlds of groups, roles, assignments and denials alone: accounts whose keys work, and nothing that runs."""
    none = {group: frozenset[str]() for group in GROUPS}
    world = draw(worlds(5))
    principals = frozenset({*PEOPLE, *GROUPS})
    return replace(
        world, stores={account: Store() for account in ACCOUNTS}, workloads=frozenset(), identities=frozenset(), outside=frozenset(),
        members={group: found & principals for group, found in world.members.items()}, eligible=none, joiners=none, owners={}, trusts={},
        hosts={}, instances={}, workspaces={}, vaults={}, keepers={}, custom=frozenset(),
        assignments=tuple(a for a in world.assignments if a.principal in principals),
        denies=tuple(replace(d, principals=d.principals & principals, excluded=d.excluded & principals) for d in world.denies),
    )  # fmt: skip
