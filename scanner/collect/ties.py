"""Lists below objects of the directory (members, owners, eligibilities, federated credentials), twenty to a request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import msgspec

from scanner.collect import answers, batch
from scanner.collect.answers import Failed
from scanner.collect.session import Session
from scanner.snapshot import CoverageOutcome, Record

# record kind -> path below the version, with the id of the object the list belongs to
_PATHS: Mapping[str, str] = {
    "group-member": "/groups/{}/members?$select=id&$top=999",
    "group-owner": "/groups/{}/owners?$select=id&$top=999",
    "group-eligibility": "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances?$filter=groupId%20eq%20%27{}%27",
    "group-activation": "/identityGovernance/privilegedAccess/group/assignmentScheduleInstances?$filter=groupId%20eq%20%27{}%27",
    "group-activation-policy": "/policies/roleManagementPolicyAssignments?$filter=scopeId%20eq%20%27{}%27%20and%20scopeType%20eq%20%27Group%27"
    "&$expand=policy($expand=rules)",
    "service-principal-owner": "/servicePrincipals/{}/owners?$select=id",
    "application-owner": "/applications/{}/owners?$select=id",
    "application-federation": "/applications/{}/federatedIdentityCredentials",
}
_HIDDEN = "Member.Read.Hidden"


class Tie(msgspec.Struct, frozen=True):
    """Who is in a list: object id and type, as in `#microsoft.graph.user`."""

    id: str
    kind: str = ""


async def read(
    session: Session, kinds: Iterable[str], objects: Iterable[str], hidden: Collection[str] = ()
) -> set[Tie]:
    """Keeps the lists of these kinds of these objects; returns everybody who is in one.

    `hidden` are groups that hide their members: without a permission of its own their list is empty and not refused.
    """
    pairs = [(kind, key) for key in sorted(objects) for kind in kinds]
    batches = [pairs[at : at + batch.SIZE] for at in range(0, len(pairs), batch.SIZE)]
    found = await session.together(_batch(session, some, hidden) for some in batches)
    return set().union(*found)


async def _batch(session: Session, pairs: Iterable[tuple[str, str]], hidden: Collection[str]) -> set[Tie]:
    met: set[Tie] = set()
    wanted: dict[str, str] = {}
    for kind, key in pairs:
        before = session.journal.finished(kind, key)
        if before is None:
            wanted[f"{kind}|{key}"] = _PATHS[kind].format(key)
        else:
            met |= _who(before)
    if wanted:
        async for name, body in batch.read(session, wanted):
            kind, _, key = name.partition("|")
            met |= _who(await _one(session, kind, key, body, key in hidden))
    return met


async def _one(session: Session, kind: str, key: str, body: msgspec.Raw | Failed, hidden: bool) -> list[Record]:
    """The first page came in the batch; further ones follow their links."""
    found: dict[str, Record] = {}
    failure = body if isinstance(body, Failed) else None
    if not isinstance(body, Failed):
        failure = await rows(
            session, body, lambda row: found.setdefault(answers.named(row).lower(), session.record(kind, row, key))
        )
    if failure is None and hidden and kind == "group-member" and not found:
        failure = Failed(403, "HiddenMembership", "its members are hidden and came back as none", permission=_HIDDEN)
    outcome: CoverageOutcome = "complete"
    if failure is not None:
        gone = failure.status == 404 and not found  # deleted while the scan ran
        outcome = "complete" if gone else answers.settled(failure, bool(found))
    records = list(found.values())
    session.keep(kind, key, records, outcome, failure)
    return records


async def rows(session: Session, body: msgspec.Raw, add: Callable[[msgspec.Raw], Any]) -> Failed | None:
    """Hands over every row of a list whose first page came in a batch. Returns what went wrong."""
    try:
        page = answers.page(body)
        for row in page.value:
            add(row)
        if page.odata_next:
            async for some in session.pages(page.odata_next):
                for row in some.value:
                    add(row)
    except Failed as error:
        return error
    except msgspec.MsgspecError:
        return Failed(200, "UnreadableBody", "the answer was no list")
    return None


def _who(records: Iterable[Record]) -> set[Tie]:
    found = (answers.told(record.body) for record in records)
    ties = {Tie((_who_is(row)).lower(), answers.word(row, "@odata.type").lower()) for row in found}
    return {tie for tie in ties if tie.id}


def _who_is(row: Mapping[str, Any]) -> str:
    return answers.word(row, "principalId") or answers.word(row, "id")
