"""Every way straight into a store: by a data role, by keys, by what a workspace keeps, by making oneself a reader, or by none."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs
from pyroaring import BitMap

from scanner.derive.access import actions, granting
from scanner.derive.access.actions import STORES, Right, StoreRights
from scanner.derive.access.credentials import Credential, Credentials
from scanner.derive.access.engine import Engine, Grants
from scanner.derive.access.entries import Entry, by_right, by_standing
from scanner.derive.access.held import NOBODY
from scanner.graph.estate import UNSET, Estate


def into(engine: Engine, credentials: Credentials, store: int, access: str) -> Iterator[Entry]:
    """Every entry that lets somebody read, or write, the data of a store without becoming anybody else first."""
    rights = STORES[engine.estate.kind(store)]
    for held in engine.held(store, rights.read if access == "read" else rights.write):
        yield by_right(engine, held, "data-role", store)
    yield from _keys(engine, rights, store, store, rights.keys_to(access), "account-key")
    yield from grant_self(engine, store, rights, access, keys_accepted(engine.estate, store) is False)
    if access == "read" and engine.estate.kind(store) == "storage-account":
        for held in engine.held(store, actions.REPLICATE):
            yield by_right(engine, held, "copy-out", store)
    yield from of_its_own(engine, credentials, store, access)


def of_its_own(engine: Engine, credentials: Credentials, store: int, access: str) -> Iterator[Entry]:
    """The entries that another store at the same place need not have: through workspaces, settings, parts of the store."""
    rights = STORES[engine.estate.kind(store)]
    own = rights.read if access == "read" else rights.write
    for held in engine.inside(store, own):
        yield by_right(engine, held, "data-role", store)
    if acls_count(engine.estate, store) is not False:
        yield from _acls(engine, store, own)
    for workspace in engine.estate.neighbours(store, "default-store-of"):
        yield from _keys(engine, rights, store, workspace, actions.WORKSPACE_KEYS, "workspace-keys")
        if (accepted := keys_accepted(engine.estate, store)) is not False:
            gaps = _key_doubts(engine.estate, store) if accepted is None else ()
            yield from _given(engine, workspace, actions.WORKSPACE_KEYS, accepted is True, gaps)
    for credential in credentials.opening.get(store, ()):
        yield from _stored(engine, store, credential)
    if access == "read":
        yield from _previews(engine, store, own)
        yield from _copies(engine, store)
        yield from _backups(engine, store)
        yield from _without_identity(engine.estate, store)


def _given(
    engine: Engine, place: int, right: Right, certain: bool = True, gaps: tuple[int, ...] = ()
) -> Iterator[Entry]:
    """Who may give themselves a right at a workspace or vault that leads into the store."""
    for held in granting.themselves(engine, place, right):
        yield by_right(engine, held, "grant-self", place, via=place, certain=certain, gaps=gaps, granting=True)


def keys_accepted(estate: Estate, store: int) -> bool | None:
    """Whether the store's keys work; None when that could not be read."""
    attribute = STORES[estate.kind(store)].keys_open
    value = estate.get(store, attribute) if attribute else True
    return None if value is UNSET else value is not False


def _key_doubts(estate: Estate, store: int) -> tuple[int, ...]:
    return (*estate.gaps_at(store, "*"), *estate.gaps_at(store, STORES[estate.kind(store)].keys_open))


def _keys(engine: Engine, rights: StoreRights, store: int, place: int, right: Right, way: str) -> Iterator[Entry]:
    """Keys open everything unless the store refuses them; whoever may write the store can turn that around."""
    estate = engine.estate
    accepted = keys_accepted(estate, store)
    for held in engine.held(place, right):
        if accepted is False:
            if rights.reopen is None:
                continue
            for who, sure in engine.both(held, *engine.holders(store, rights.reopen)):
                yield by_right(engine, held, way, place, who=who, certain=sure, mark="can-reopen")
        else:
            gaps = _key_doubts(estate, store) if accepted is None else ()
            yield by_right(engine, held, way, place, certain=accepted is True, gaps=gaps)


# -- what a workspace keeps ---------------------------------------------------------------------------------------


def _stored(engine: Engine, store: int, credential: Credential) -> Iterator[Entry]:
    """A key in a datastore opens the whole account to whoever may take it, or run code that is handed it."""
    estate = engine.estate
    accepted = keys_accepted(estate, store)
    if accepted is False:
        return  # a key that no longer works
    gaps = _key_doubts(estate, store) if accepted is None else ()
    for entry in uses_of(engine, credential):
        yield structs.replace(entry, certain=entry.certain and accepted is True, gaps=(*entry.gaps, *gaps))


def uses_of(engine: Engine, credential: Credential, acts_as: int | None = None) -> Iterator[Entry]:
    """Who may use what a workspace keeps: take it, run jobs that are handed it, or read it in the workspace's vault; and who
    may give themselves a role for that.
    """
    estate = engine.estate
    datastore = estate.kind(credential.keeper) == "datastore"
    secrets = actions.DATASTORE_SECRETS if datastore else actions.CONNECTION_SECRETS
    using = actions.DATASTORE_USE if datastore else actions.CONNECTION_SECRETS
    workspace, keeper = credential.workspace, credential.keeper
    for held in engine.held(workspace, secrets):
        yield by_right(engine, held, "stored-credential", workspace, acts_as=acts_as, via=keeper)
    if datastore:
        for held in engine.held(workspace, actions.RUN_JOBS):
            yield by_right(engine, held, "run-as-compute", workspace, acts_as=acts_as, via=keeper)
    for held in granting.themselves(engine, workspace, using):
        yield by_right(engine, held, "grant-self", workspace, acts_as=acts_as, via=keeper, granting=True)
    for vault in estate.neighbours(workspace, "depends-on"):
        if estate.kind(vault) == "key-vault":
            yield from _vault(engine, vault, keeper, acts_as)


def _vault(engine: Engine, vault: int, keeper: int, acts_as: int | None) -> Iterator[Entry]:
    """Roles open a vault in its RBAC mode, access policies in the other; whoever may write those may add themselves."""
    estate = engine.estate
    by_roles = estate.get(vault, "rbac")
    gaps = (*estate.gaps_at(vault, "*"), *estate.gaps_at(vault, "rbac")) if by_roles is UNSET else ()
    sure = by_roles is not UNSET
    for right, closed in ((actions.READ_SECRETS, False), (actions.WRITE_ACCESS_POLICIES, True)):
        if by_roles is closed:
            continue
        for held in engine.held(vault, right):
            yield by_right(engine, held, "vault", vault, acts_as=acts_as, via=keeper, certain=sure, gaps=gaps)
        for held in granting.themselves(engine, vault, right):
            yield by_right(
                engine, held, "grant-self", vault, acts_as=acts_as, via=keeper, certain=sure, gaps=gaps, granting=True
            )
    deploying = estate.get(vault, "template-deployment")
    if deploying is not False:
        open_ = (
            (*estate.gaps_at(vault, "*"), *estate.gaps_at(vault, "template-deployment")) if deploying is UNSET else ()
        )
        for held in engine.held(vault, actions.DEPLOY_SECRETS):
            yield by_right(
                engine, held, "vault", vault, acts_as=acts_as, via=keeper, certain=deploying is True, gaps=open_
            )
    if by_roles is not True:
        for principal in dict.fromkeys(estate.neighbours(vault, "secrets-read-by")):
            who = engine.members(principal)
            if who or engine.joining:
                yield by_standing(
                    f"policy:{estate.key(vault)}|{estate.key(principal)}", "vault", who, vault,
                    acts_as=acts_as, source=principal, via=keeper, certain=sure, gaps=gaps,
                )  # fmt: skip


def _previews(engine: Engine, store: int, own: Right) -> Iterator[Entry]:
    """Where the service reads a datastore with the workspace's identity, whoever may preview data reads with it."""
    for workspace, datastore, sure in _read_by_the_service(engine, store, own):
        for held in engine.held(workspace, actions.PREVIEW):
            yield by_right(engine, held, "workspace-identity", workspace, via=datastore, certain=sure)
        yield from _given(engine, workspace, actions.PREVIEW, sure)


def _read_by_the_service(engine: Engine, store: int, own: Right) -> Iterator[tuple[int, int, bool]]:
    """Workspaces whose own identity reads a store for those who preview it, by which datastore, and whether for certain."""
    estate = engine.estate
    for datastore in estate.neighbours(store, "stores"):
        if estate.kind(datastore) != "datastore" or estate.get(datastore, "service-identity") in (UNSET, None, "none"):
            continue
        workspace = estate.first(datastore, "datastore-of")
        if workspace is None:
            continue
        identities = BitMap(list(estate.neighbours(workspace, "has-identity")))
        reading = [held for held in (*engine.held(store, own), *engine.inside(store, own)) if held.who & identities]
        if reading:
            yield workspace, datastore, any(held.certain for held in reading)


# -- where else rights open a store ---------------------------------------------------------------------------------


def elsewhere(engine: Engine, credentials: Credentials, store: int, access: str) -> Iterator[tuple[int, str]]:
    """Places beside the store itself at which rights open it, whether or not anybody is seen to hold them, and the ways."""
    for place, way in _elsewhere(engine, credentials, store, access):
        yield place, way
        yield place, "grant-self"


def _elsewhere(engine: Engine, credentials: Credentials, store: int, access: str) -> Iterator[tuple[int, str]]:
    estate, rights = engine.estate, STORES[engine.estate.kind(store)]
    accepted = keys_accepted(estate, store) is not False
    for workspace in estate.neighbours(store, "default-store-of") if accepted or rights.reopen else ():
        yield workspace, "workspace-keys"
    for credential in credentials.opening.get(store, ()) if accepted else ():
        yield from used_at(estate, credential)
    if access == "read":
        for workspace, _, _ in _read_by_the_service(engine, store, rights.read):
            yield workspace, "workspace-identity"
        for vault in estate.neighbours(store, "backed-up-in"):
            yield vault, "copy-out"


def used_at(estate: Estate, credential: Credential) -> Iterator[tuple[int, str]]:
    """Places at which rights let somebody use what a workspace keeps, and the ways (see `uses_of`)."""
    yield credential.workspace, "stored-credential"
    if estate.kind(credential.keeper) == "datastore":
        yield credential.workspace, "run-as-compute"
    for vault in estate.neighbours(credential.workspace, "depends-on"):
        if estate.kind(vault) == "key-vault":
            yield vault, "vault"


# -- making oneself a reader --------------------------------------------------------------------------------------


def grant_self(engine: Engine, store: int, rights: StoreRights, access: str, refused: bool) -> Iterator[Entry]:
    """Who may give themselves a role on a store, or on any store of its sort right below a scope.

    `refused`: keys open nothing there.
    """

    def opens(role: int) -> Grants:
        wanted = [*(rights.read if access == "read" else rights.write).actions, *actions.GRANTING]
        if not refused or (rights.reopen is not None and engine.gives(role, rights.reopen) != "no"):
            wanted += rights.keys_to(access).actions
        return engine.can_any(role, wanted)

    for held in (*granting.assigners(engine, store, opens), *granting.rewriters(engine, store)):
        yield by_right(engine, held, "grant-self", store)
    for held in engine.held(store, actions.ACTIVATION_RULES):
        approved = engine.behind_approval(store, opens)
        for who, sure in engine.both(held, approved, approved):
            yield by_right(engine, held, "grant-self", store, who=who, certain=sure)


def acls_count(estate: Estate, store: int) -> bool | None:
    """Whether ACLs of an account let in whom no role does; None when that could not be read."""
    if estate.kind(store) != "storage-account":
        return False
    value = estate.get(store, "hierarchical")
    return (None if estate.gaps_at(store, "*") else False) if value is UNSET else value is True


def _acls(engine: Engine, store: int, own: Right) -> Iterator[Entry]:
    """Whoever may rewrite ACLs lets themselves in by them; a role that opens the data anyway is told of as such."""
    sure = acls_count(engine.estate, store) is True
    gaps = () if sure else tuple(engine.estate.gaps_at(store, "*"))
    for held in (*engine.held(store, actions.REWRITE_ACLS), *engine.inside(store, actions.REWRITE_ACLS)):
        if engine.gives(held.grant.role, own) != "yes":
            yield by_right(engine, held, "grant-self", store, certain=sure, gaps=gaps)


# -- copies, and no identity at all -------------------------------------------------------------------------------


def _copies(engine: Engine, store: int) -> Iterator[Entry]:
    """Rights over a storage account's settings that carry data out of it without reading it here."""
    estate = engine.estate
    if estate.kind(store) != "storage-account":
        return
    for right, attribute in ((actions.ADD_LOCAL_USERS, "sftp"), (actions.PUBLISH, "public-blobs")):
        allowed = estate.get(store, attribute)
        if allowed is False:
            continue
        gaps = (*estate.gaps_at(store, "*"), *estate.gaps_at(store, attribute)) if allowed is UNSET else ()
        for held in engine.held(store, right):
            yield by_right(engine, held, "copy-out", store, certain=allowed is True, gaps=gaps)
    users, allowed = estate.get(store, "local-users"), estate.get(store, "sftp")
    if allowed is not False and (users or users is UNSET):
        gaps = tuple(gap for name in ("*", "sftp", "local-users") for gap in estate.gaps_at(store, name))
        sure = allowed is True and users is not UNSET
        for held in engine.held(store, actions.TAKE_OVER_LOCAL_USERS):
            yield by_right(engine, held, "copy-out", store, certain=sure, gaps=() if sure else gaps)


def _backups(engine: Engine, store: int) -> Iterator[Entry]:
    """Whoever may restore from a vault that keeps backups of a store has the data wherever they restore it to."""
    for vault in dict.fromkeys(engine.estate.neighbours(store, "backed-up-in")):
        for held in engine.held(vault, actions.RESTORE):
            yield by_right(engine, held, "copy-out", vault, via=vault)
        yield from _given(engine, vault, actions.RESTORE)


def _without_identity(estate: Estate, store: int) -> Iterator[Entry]:
    if estate.kind(store) != "storage-account":
        return
    key = estate.key(store)
    if estate.get(store, "anonymous-containers") and estate.get(store, "public-blobs") is not False:
        yield by_standing(f"anonymous:{key}", "anonymous", NOBODY, store, anybody=True)
    if estate.get(store, "sftp") is True:
        for name in sorted(estate.get(store, "local-users") or ()):
            yield by_standing(f"local-user:{key}|{name}", "local-user", NOBODY, store, anybody=True)
