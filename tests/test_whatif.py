"""What-if changes records as a tenant that had, or had not, the thing would show them: so it is a scan of that tenant."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.cli.specs import edits
from scanner.errors import UserError
from scanner.graph.build import build
from scanner.graph.estate import Estate
from scanner.snapshot import Snapshot, from_records, read, record, write
from scanner.whatif import Edit, apply
from tests.support.estates import facts
from tests.support.scan import tenant
from tests.support.tenants import snapshot_of
from tests.tenants import everything

# what an assignment loses when it is made anew: who had made it, and what its activation demanded
_LOST = ("created-by", "activation")


@cache
def contoso() -> Snapshot:
    return snapshot_of(tenant("contoso"))


@cache
def estate() -> Estate:
    return build(contoso())


def _facts(snapshot: Snapshot) -> set[tuple[str, ...]]:
    return {fact for fact in facts(snapshot) if not fact[1].startswith(_LOST)}


@cache
def _specs() -> tuple[str, ...]:
    """Every standing assignment without a condition, every membership, and every ownership of the demo tenant."""
    found = []
    built = estate()
    for principal, grant in built.pairs("granted"):
        if built.get(grant, "mark") == "standing" and built.get(grant, "condition") is None:
            role, scope = built.first(grant, "of-role"), built.first(grant, "at-scope")
            assert role is not None and scope is not None
            found.append(f"assignment:{built.key(principal)},{built.name(role)},{built.key(scope)}")
    found += [f"membership:{built.key(a)},{built.key(b)}" for a, b in built.pairs("member-of")]
    found += [f"owner:{built.key(a)},{built.key(b)}" for a, b in built.pairs("may-join")]
    return tuple(found)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_without_something_and_then_with_it_is_the_original(drawn: st.DataObject) -> None:
    specs = drawn.draw(st.lists(st.sampled_from(_specs()), min_size=1, max_size=3, unique=True))
    gone = apply(contoso(), edits(estate(), specs, []))
    assert _facts(gone) != _facts(contoso())
    assert _facts(apply(gone, edits(estate(), [], specs))) == _facts(contoso())


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_with_something_and_then_without_it_is_the_original(drawn: st.DataObject) -> None:
    built = estate()
    user = drawn.draw(st.sampled_from([built.key(n) for n in built.nodes("user")]))
    group = drawn.draw(st.sampled_from([built.key(n) for n in built.nodes("group")]))
    scope = drawn.draw(st.sampled_from([built.key(n) for n in built.nodes("scope")]))
    for spec in (f"membership:{user},{group}", f"owner:{user},{group}", f"assignment:{group},Owner,{scope}"):
        try:
            there = apply(contoso(), edits(built, [], [spec]))
        except UserError as error:
            assert "is there already" in str(error)
            continue
        assert _facts(apply(there, edits(built, [spec], []))) == _facts(contoso())


def test_the_answer_is_a_scan_of_such_a_tenant() -> None:
    """The document with the assignment, member and owner taken out by hand is the same estate."""
    document = copy.deepcopy(dict(tenant("contoso")))
    directory = document["graph"]
    ids = {item["displayName"]: item["id"] for kind in ("users", "groups") for item in directory[kind]}
    groups = {item["displayName"]: item for item in directory["groups"]}
    groups["grp-release-override"]["x-members"].remove(ids["Maya"])
    groups["grp-churn-mle-qa"]["x-owners"].remove(ids["Mia"])
    document["roleAssignments"] = [
        a for a in document["roleAssignments"] if a["properties"]["principalId"] != ids["Lena"]
    ]
    mine = [a for a in _specs() if a.startswith(f"assignment:{ids['Lena'].lower()}")]
    without = [*mine, "membership:maya@contoso.example,grp-release-override", "owner:Mia,grp-churn-mle-qa"]
    assert _facts(apply(contoso(), edits(estate(), without, []))) == _facts(snapshot_of(document))


def test_a_snapshot_file_is_not_changed_and_an_edited_one_can_be_written(tmp_path: Any) -> None:
    write(contoso(), tmp_path / "a.mlp")
    stored = read(tmp_path / "a.mlp")
    gone = apply(stored, edits(estate(), [_specs()[0]], []))
    write(gone, tmp_path / "b.mlp")
    assert facts(read(tmp_path / "b.mlp")) == facts(gone)
    assert facts(read(tmp_path / "a.mlp")) == facts(contoso())
    assert gone.manifest.counts["role-assignment"] == stored.manifest.counts["role-assignment"] - 1


# -- an eligible assignment goes with its activation, and other causes ---------------------------------------------

_SCOPE = "/subscriptions/s/resourceGroups/rg"
_STORE = f"{_SCOPE}/providers/Microsoft.Storage/storageAccounts/st"
_VAULT = f"{_SCOPE}/providers/Microsoft.KeyVault/vaults/kv"
_UAI = f"{_SCOPE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
_COMPUTE = f"{_SCOPE}/providers/Microsoft.MachineLearningServices/workspaces/ws/computes/ci"
_RIGHT = {"principalId": "P1", "roleDefinitionId": "/providers/x/roleDefinitions/R1", "scope": _SCOPE}
_RECORDS = (
    record("role-eligibility", {"id": f"{_SCOPE}/providers/x/roleEligibilityScheduleInstances/1", "properties": _RIGHT}),
    record("role-activation", {"id": f"{_SCOPE}/providers/x/roleAssignmentScheduleInstances/1", "properties": _RIGHT}),
    record("role-assignment", {"id": f"{_SCOPE}/providers/x/roleAssignments/1", "properties": {**_RIGHT, "condition": "c"}}),
    record("role-assignment", {"id": f"{_SCOPE}/providers/x/roleAssignments/2", "properties": {**_RIGHT, "principalId": "P2"}}),
    record("group-member", {"id": "P1"}, "g1"),
    record("group-eligibility", {"id": "1", "principalId": "P1", "groupId": "G1", "accessId": "member"}, "g1"),
    record("group-eligibility", {"id": "2", "principalId": "P1", "groupId": "G1", "accessId": "owner"}, "g1"),
    record("service-principal", {"id": "SP", "appId": "A1"}),
    record("application", {"id": "APP", "appId": "a1"}),
    record("application-owner", {"id": "P1"}, "app"),
    record("application-federation", {"issuer": "https://i", "subject": "repo:x"}, "app"),
    record("user-assigned-identity", {"id": _UAI, "properties": {"principalId": "MI"}}),
    record("federated-credential", {"id": f"{_UAI}/federatedIdentityCredentials/f", "properties": {"issuer": "https://i", "subject": "repo:x"}}),
    record("key-vault", {"id": _VAULT, "properties": {"accessPolicies": [{"objectId": "P1"}, {"objectId": "P2"}]}}),
    record("storage-account", {"id": _STORE, "properties": {}}),
    record("blob-container", {"id": f"{_STORE}/blobServices/default/containers/c", "properties": {"publicAccess": "Blob"}}),
    record("local-user", {"id": f"{_STORE}/localUsers/ann"}),
    record("compute", {"id": _COMPUTE, "identity": {"userAssignedIdentities": {_UAI: {"principalId": "mi"}}}}),
    record("directory-role-assignment", {"id": "1", "roleDefinitionId": "T1", "principalId": "P1"}),
    record("datastore", {"id": f"{_SCOPE}/providers/Microsoft.MachineLearningServices/workspaces/ws/datastores/d"}),
)  # fmt: skip


def _bodies(snapshot: Snapshot) -> set[tuple[str, str, bytes]]:
    return {(kind, found.of, bytes(found.body)) for kind in snapshot.kinds for found in snapshot.records(kind)}


def _touched(edit: Edit) -> set[str]:
    """Kinds of the records that went or changed."""
    before = from_records(_RECORDS)
    return {kind for kind, _, _ in _bodies(before) ^ _bodies(apply(before, [edit]))}


@pytest.mark.parametrize(("kind", "parts", "conditional", "touched"), [
    ("assignment", ("p1", "r1", _SCOPE.lower()), None, {"role-eligibility", "role-activation", "role-assignment"}),
    ("assignment", ("p1", "r1", _SCOPE.lower()), True, {"role-assignment"}),
    ("assignment", ("p1", "r1", _SCOPE.lower()), False, {"role-eligibility", "role-activation"}),
    ("membership", ("p1", "g1"), None, {"group-member", "group-eligibility"}),
    ("owner", ("p1", "g1"), None, {"group-eligibility"}),
    ("owner", ("p1", "sp"), None, {"application-owner"}),
    ("trust", ("mi", "https://i", "repo:x"), None, {"federated-credential"}),
    ("trust", ("sp", "https://i", "repo:x"), None, {"application-federation"}),
    ("policy", (_VAULT.lower(), "p1"), None, {"key-vault"}),
    ("anonymous", (_STORE.lower(),), None, {"blob-container"}),
    ("local-user", (_STORE.lower(), "Ann"), None, {"local-user"}),
    ("instance", ("p1", _COMPUTE.lower()), None, {"compute"}),
    ("identity", (_COMPUTE.lower(), "mi"), None, {"compute"}),
    ("setting", (_STORE.lower(), "shared-key-access"), None, {"storage-account"}),
    ("credential", (f"{_SCOPE}/providers/microsoft.machinelearningservices/workspaces/ws/datastores/d".lower(),), None, {"datastore"}),
    ("directory-role", ("t1",), None, {"directory-role-assignment"}),
])  # fmt: skip
def test_exactly_the_records_of_a_cause_are_touched(
    kind: Any, parts: tuple[str, ...], conditional: bool | None, touched: set[str]
) -> None:
    assert _touched(Edit(kind, parts, "x", conditional=conditional)) == touched


@pytest.mark.parametrize(("kind", "parts"), [
    ("assignment", ("p9", "r1", _SCOPE.lower())), ("assignment", ("p1", "r1", "/")), ("membership", ("p2", "g1")), ("owner", ("p1", "g2")),
    ("trust", ("mi", "https://i", "repo:y")), ("policy", (_VAULT.lower(), "p3")), ("anonymous", ("/other",)), ("setting", (_STORE.lower(), "colour")),
])  # fmt: skip
def test_a_spec_that_matches_nothing_is_an_error(kind: Any, parts: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="`as written` matches nothing"):
        apply(from_records(_RECORDS), [Edit(kind, parts, "as written")])


def test_what_is_there_already_cannot_be_added() -> None:
    with pytest.raises(UserError, match="is there already"):
        apply(from_records(_RECORDS), [Edit("membership", ("p1", "g1"), "x", add=True, kinds=("user", "group"))])


def test_a_workload_without_its_permissions_on_graph_holds_none() -> None:
    snapshot = snapshot_of(everything.document())
    built = build(snapshot)
    held = [
        n
        for k in ("service-principal", "managed-identity")
        for n in built.nodes(k)
        if built.get(n, "graph-permissions")
    ]
    assert held
    for workload in held:
        (edit,) = edits(built, [f"graph-permission:{built.key(workload)}"], [])
        after = build(apply(snapshot, [edit]))
        node = after.node(built.key(workload))
        assert node is not None and not after.get(node, "graph-permissions")


@pytest.mark.parametrize(("edge", "cause"), [
    ("trusts", "trust:{source}|{target}"), ("assigned-to", "instance:{target}|{source}"), ("reads-secrets-of", "policy:{target}|{source}"),
    ("holds-directory-role", "directory-role:{target}"), ("eligible-for-directory-role", "directory-role:{target}"), ("owns", "owner:{source}|{target}"), ("may-join", "owner:{source}|{target}"),
    ("member-of", "membership:{source}|{target}"), ("has-identity", "identity:{source}|{target}"), ("eligible-member-of", "membership:{source}|{target}"),
])  # fmt: skip
def test_the_edge_of_a_cause_is_gone_without_it(edge: str, cause: str) -> None:
    """For a tenant with something of everything: as `build` ties it, so what-if takes it away."""
    snapshot = snapshot_of(everything.document())
    built = build(snapshot)
    tied = sorted({(built.key(a), built.key(b)) for a, b in built.pairs(edge)})
    for source, target in tied:
        node = built.node(source)
        if node is None or (edge == "has-identity" and built.kind(node) == "user-assigned-identity"):
            continue  # that is the identity itself
        if source.startswith("unread:"):
            continue  # a stand-in for members nobody could see: there is no record to take away
        spec = cause.format(source=source, target=target)
        after = build(apply(snapshot, edits(built, [spec], [])))
        assert (source, target) not in {(after.key(a), after.key(b)) for a, b in after.pairs(edge)}, spec
    assert tied or edge in ("assigned-to", "eligible-member-of", "reads-secrets-of")


def test_names_with_commas_that_can_be_parted_in_two_ways_are_no_answer() -> None:
    built = Estate()
    for kind, name in (("user", "Ana"), ("user", "Ana, Ben"), ("group", "Ben, all"), ("group", "all")):
        built.add(kind, f"id of {name}".lower(), name)
    with pytest.raises(UserError) as refused:
        edits(built, ["membership:Ana, Ben, all"], [])
    (problem,) = refused.value.problems
    assert problem.message == "`membership:Ana, Ben, all` can be read in 2 ways"
    assert problem.help == "say which by their ids: `Ana` and `Ben, all`; or `Ana, Ben` and `all`"
    (edit,) = edits(built, ["membership:id of ana, ben,all"], [])
    assert edit.parts == ("id of ana, ben", "id of all")
