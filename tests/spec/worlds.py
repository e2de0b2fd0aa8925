"""Generated worlds, and the same world as an estate."""

from __future__ import annotations

from hypothesis import strategies as st

from scanner.graph.estate import Estate
from scanner.graph.permissions import PermissionBlock
from tests.spec.access import Assignment, Block, Deny, World

PEOPLE = tuple(f"p{n}" for n in range(5))
GROUPS = tuple(f"g{n}" for n in range(4))
PARENTS: dict[str, str | None] = {
    "/": None,
    "/providers/microsoft.management/managementgroups/top": "/",
    "/providers/microsoft.management/managementgroups/inner": "/providers/microsoft.management/managementgroups/top",
    "/subscriptions/s1": "/providers/microsoft.management/managementgroups/inner",
    "/subscriptions/s2": "/providers/microsoft.management/managementgroups/top",
    "/subscriptions/s1/resourcegroups/rg1": "/subscriptions/s1",
    "/subscriptions/s1/resourcegroups/rg10": "/subscriptions/s1",
    "/subscriptions/s2/resourcegroups/rg(1)": "/subscriptions/s2",
    "/subscriptions/s1/resourcegroups/rg1/providers/microsoft.storage/storageaccounts/a1": "/subscriptions/s1/resourcegroups/rg1",
    "/subscriptions/s1/resourcegroups/rg10/providers/microsoft.storage/storageaccounts/a2": "/subscriptions/s1/resourcegroups/rg10",
    "/subscriptions/s2/resourcegroups/rg(1)/providers/microsoft.storage/storageaccounts/a3": "/subscriptions/s2/resourcegroups/rg(1)",
}  # fmt: skip
ACCOUNTS = tuple(key for key in PARENTS if "storageaccounts" in key)
_PATTERNS = st.sampled_from([
    "*", "*/read", "Microsoft.Storage/*", "Microsoft.Storage/storageAccounts/*", "microsoft.storage/storageaccounts/listKeys/action",
    "Microsoft.Storage/*/listkeys/action", "Microsoft.Storage/storageAccounts/*/listKeys/action", "Microsoft.Authorization/*/Write",
    "Microsoft.Authorization/roleAssignments/*", "Microsoft.Storage/storageAccounts/blobServices/*", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    "Microsoft.Compute/*",
])  # fmt: skip
_SOME = st.lists(_PATTERNS, max_size=2).map(tuple)
_BLOCKS = st.builds(Block, _SOME, _SOME, _SOME, _SOME, st.sampled_from([False, False, False, True]))
_PRINCIPALS = st.sampled_from([*PEOPLE, *GROUPS])
_SCOPES = st.sampled_from(list(PARENTS))
_ROLES = st.lists(st.lists(_BLOCKS, min_size=1, max_size=2).map(tuple), min_size=1, max_size=3)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    members = {group: draw(st.frozensets(_PRINCIPALS, max_size=4)) for group in GROUPS}
    roles = {f"r{n}": blocks for n, blocks in enumerate(draw(_ROLES))}
    assignments = draw(st.lists(
        st.builds(Assignment, _PRINCIPALS, st.sampled_from(list(roles)), _SCOPES, st.sampled_from([False, False, False, True])), max_size=5
    ))  # fmt: skip
    denies = draw(st.lists(
        st.builds(Deny, _SCOPES, _BLOCKS.map(lambda b: Block(b.actions, b.not_actions, b.data_actions, b.not_data_actions)),
                  st.frozensets(st.sampled_from(["*", *PEOPLE, *GROUPS]), min_size=1, max_size=2), st.frozensets(_PRINCIPALS, max_size=1), st.booleans()),
        max_size=2,
    ))  # fmt: skip
    # one grant for a principal, role and scope: the unconditioned one counts
    plain = {(a.principal, a.role, a.scope) for a in assignments if not a.condition}
    merged = {
        (a.principal, a.role, a.scope): a.condition and (a.principal, a.role, a.scope) not in plain for a in assignments
    }
    return World(
        PARENTS, members, frozenset(PEOPLE), roles, tuple(Assignment(*k, c) for k, c in merged.items()), tuple(denies)
    )


def estate_of(world: World, *, rename: bool = False) -> Estate:
    """The world as `build` and `bind` would leave it, with no scenario row at all. `rename` writes names in another case."""
    estate = Estate()
    estate.add("environment", "environment:production", "production")
    for key, parent in world.parents.items():
        kind = (
            "storage-account" if "storageaccounts" in key else "resource-group" if "resourcegroups" in key
            else "subscription" if key.startswith("/subscriptions") else "tenant" if key == "/" else "management-group"
        )  # fmt: skip
        node = estate.add(kind, key, key.rpartition("/")[2] or "root")
        if parent is not None:
            estate.connect(estate.add("missing", parent), "contains", node)
        if kind == "storage-account":
            for name, value in {"environment": "production", "stage": "production", "data-classes": frozenset({"live"}), "holds-data": True,
                                "shared-key-access": True, "public-blobs": False, "sftp": False, "referenced": True}.items():  # fmt: skip
                estate.set(node, name, value)
    for name in (*PEOPLE, *GROUPS):
        estate.set(estate.add("group" if name in GROUPS else "user", name, name), "break-glass", False)
    for group, inside in world.members.items():
        for member in sorted(inside):
            estate.connect(_node(estate, member), "member-of", _node(estate, group))
    for name, blocks in world.roles.items():
        turn = str.upper if rename else str
        estate.set(estate.add("role", name, name), "permissions", tuple(
            PermissionBlock(tuple(map(turn, b.actions)), tuple(map(turn, b.not_actions)), tuple(map(turn, b.data_actions)),
                            tuple(map(turn, b.not_data_actions)), "c" if b.condition else None) for b in blocks))  # fmt: skip
    for a in world.assignments:
        grant = estate.add("grant", f"grant:{a.principal}|{a.role}|{a.scope}", f"{a.role} for {a.principal}")
        estate.set(grant, "mark", "standing")
        estate.set(grant, "condition", "c" if a.condition else None)
        estate.connect(_node(estate, a.principal), "granted", grant)
        estate.connect(grant, "of-role", _node(estate, a.role))
        estate.connect(grant, "at-scope", _node(estate, a.scope))
    for number, deny in enumerate(world.denies):
        node = estate.add("deny-assignment", f"deny:{number}")
        block = PermissionBlock(
            deny.block.actions, deny.block.not_actions, deny.block.data_actions, deny.block.not_data_actions
        )
        for name, value in {
            "permissions": (block,),
            "principals": deny.principals,
            "exclude-principals": deny.excluded,
            "children": deny.children,
        }.items():
            estate.set(node, name, value)
        estate.connect(node, "at-scope", _node(estate, deny.scope))
    return estate


def _node(estate: Estate, key: str) -> int:
    node = estate.node(key)
    assert node is not None
    return node
