"""What lists below a resource say of it as a whole: open containers, users of its own, tokens, tasks, rules of activation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from scanner import ids
from scanner.graph.build import shapes, shapes_access
from scanner.graph.build.context import Context, known, lower, word
from scanner.graph.estate import Estate

# record kind -> the kind of node and the attribute its rows add up to; also what is unknown when the list is unread
ATTRIBUTES = {
    "blob-container": ("storage-account", "anonymous-containers"),
    "local-user": ("storage-account", "local-users"),
    "registry-token": ("container-registry", "tokens"),
    "registry-task": ("container-registry", "tasks"),
}
WRITING = "writing-tokens"
# The scope maps that Azure makes in every registry, and whether they write.
_OF_AZURE = {
    "_repositories_admin": True, "_repositories_push": True, "_repositories_push_metadata_write": True, "_repositories_pull": False,
    "_repositories_pull_metadata_read": False,
}  # fmt: skip
ACTIVATION = (
    "activation-approval",
    "activation-mfa",
    "activation-hours",
    "activation-approvers",
)


def _note(context: Context, kind: str, arm_id: str, counts: Any) -> None:
    """Adds a row's name to its resource; `counts` is UNSET where a field of the row could not be understood."""
    key = ids.fold(arm_id)
    holder: str | None = key
    wanted, attribute = ATTRIBUTES[kind]
    arm_type = context.estate.ontology.kinds[wanted].arm_type
    while holder is not None and ids.resource_type(holder) != arm_type:
        holder = ids.parent(holder)
    if holder is None:
        return
    if counts is UNSET or context.odd:
        context.settings.odd.add((holder, attribute))
    elif counts:
        context.settings.names.setdefault((holder, attribute), set()).add(ids.last(arm_id))


def _container(context: Context, kind: str, body: shapes.Stated[shapes_access.Container], of: str, raw: bytes) -> None:
    access = word(known(body.properties.public_access), "none")
    _note(context, kind, body.id, access if access is UNSET else access not in ("none", ""))


def _local_user(context: Context, kind: str, body: shapes.Stated[shapes_access.LocalUser], of: str, raw: bytes) -> None:
    facts = body.properties
    signs_in = [
        known(facts.has_ssh_password, False),
        known(facts.has_ssh_key, False),
        known(facts.has_shared_key, False),
    ]
    _note(context, kind, body.id, True if True in signs_in else UNSET if UNSET in signs_in else False)


def _token(context: Context, kind: str, body: shapes.Stated[shapes_access.Token], of: str, raw: bytes) -> None:
    status = lower(known(body.properties.status, "enabled"))
    enabled = status if status is UNSET else status == "enabled"
    _note(context, kind, body.id, enabled)
    if enabled is not False:
        registry, scope_map = ids.parent(ids.fold(body.id)) or "", known(body.properties.scope_map_id)
        found = context.settings.tokens.setdefault(registry, {})
        found[ids.last(body.id)] = ids.fold(scope_map) if isinstance(scope_map, str) and enabled is True else None


def _scope_map(context: Context, kind: str, body: shapes.Stated[shapes_access.ScopeMap], of: str, raw: bytes) -> None:
    """What tokens with the map may do; `content/write` pushes an image, `content/delete` lets another take its name."""
    actions = known(body.properties.actions, [])
    if isinstance(actions, list) and not context.odd:
        lets = any(action.lower().rpartition("/")[2] in ("write", "delete", "*") for action in actions)
        context.settings.writing[ids.fold(body.id)] = lets


def task(context: Context, arm_id: str) -> None:
    """A task is a resource too; its registry knows it by name."""
    _note(context, "registry-task", arm_id, True)


def _activation(
    context: Context, kind: str, body: shapes.Stated[shapes_access.ActivationPolicy], of: str, raw: bytes
) -> None:
    facts = body.properties
    scope, role = known(facts.scope), known(facts.role_definition_id)
    if isinstance(scope, str) and isinstance(role, str) and not context.odd:
        context.settings.activation[ids.last(role).lower(), ids.fold(scope)] = facts


def resolve(context: Context) -> None:
    """Writes names onto resources, and rules of activation onto the eligible assignments they are about."""
    estate, found = context.estate, context.settings
    for kind, attribute in ATTRIBUTES.values():
        estate.fill(kind, attribute, frozenset())
    attributes_of = {attribute: kind for kind, attribute in ATTRIBUTES.values()}
    for key, attribute in (*found.names, *found.odd):
        node = estate.node(key)
        if node is not None and estate.kind(node) == attributes_of.get(attribute):
            odd = (key, attribute) in found.odd
            estate.set(node, attribute, UNSET if odd else frozenset(found.names[key, attribute]))
    for registry in estate.nodes("container-registry"):
        tokens = found.tokens.get(estate.key(registry), {})
        lets = {
            name: found.writing.get(scope_map or "", _OF_AZURE.get(ids.last(scope_map or "")))
            for name, scope_map in tokens.items()
        }
        if None not in lets.values() and (estate.key(registry), "tokens") not in found.odd:
            estate.set(registry, WRITING, frozenset(name for name, writes in lets.items() if writes))
        elif None in lets.values():
            context.doubt("registry-scope-map", registry, (WRITING,), detail="what a token may do was not told")
    roles = dict(estate.pairs("of-role"))
    for grant, scope in tuple(estate.pairs("at-scope")):
        if estate.kind(grant) != "grant" or estate.get(grant, "mark") != "eligible":
            continue
        policy = found.activation.get((estate.key(roles[grant]), estate.key(scope)))
        estate.set(grant, "activation-read", policy is not None)
        if policy is not None:
            estate.write(grant, demands(known(policy.effective_rules, [])))


def doubt(context: Context, kind: str, scope: str, gap: int) -> None:
    """What an unread list leaves unknown of its resource, or of the eligible assignments at its scope."""
    estate = context.estate
    if kind in ATTRIBUTES:
        wanted, attribute = ATTRIBUTES[kind]
        for node in _holders(estate, wanted, scope):
            estate.set(node, attribute, UNSET)
            estate.mark_gap(node, attribute, gap)
            if kind == "registry-token":
                estate.set(node, WRITING, UNSET)
                estate.mark_gap(node, WRITING, gap)
    elif kind == "registry-scope-map":
        for node in _holders(estate, "container-registry", scope):
            own = context.settings.tokens.get(estate.key(node), {}).values()
            if any(ids.last(scope_map or "") not in _OF_AZURE for scope_map in own):
                estate.set(node, WRITING, UNSET)
                estate.mark_gap(node, WRITING, gap)
    elif kind == "role-management-policy":
        for grant, target in tuple(estate.pairs("at-scope")):
            if estate.key(target) == scope and estate.get(grant, "mark") == "eligible":
                for attribute in ("activation-read", *ACTIVATION):
                    estate.set(grant, attribute, UNSET)
                    estate.mark_gap(grant, attribute, gap)


def _holders(estate: Estate, kind: str, scope: str) -> Sequence[int]:
    """The resource a list stands below; where it is read for many at once, or nobody knows for which, all of them there."""
    key: str | None = scope
    while key is not None:
        node = estate.node(key)
        if node is not None and estate.kind(node) == kind:
            return (node,)
        key = ids.parent(key)
    return [node for node in estate.nodes(kind) if ids.contains(scope, estate.key(node))]


def demands(rules: Any) -> list[tuple[str, Any]]:
    """What activating takes, from the rules for those who activate; rules for administrators are about assigning."""
    if not isinstance(rules, list):
        return []
    mine = {
        (known(rule.id) or "").partition("_")[0].lower(): rule
        for rule in rules
        if "enduser" in (known(rule.id) or "").lower()
    }
    found: list[tuple[str, Any]] = []
    approval = mine.get("approval")
    setting = known(approval.setting) if approval is not None else None
    if setting:
        found.append(("activation-approval", known(setting.is_approval_required, False)))
        stages = known(setting.approval_stages, [])
        approvers = [known(stage.primary_approvers, []) for stage in stages] if isinstance(stages, list) else []
        people = [a for stage in approvers if isinstance(stage, list) for a in stage]
        named = {str(lower(name)) for a in people if (name := known(a.id) or known(a.user_id) or known(a.group_id))}
        found.append(("activation-approvers", frozenset(named)))
    enabled = mine.get("enablement")
    if enabled is not None:
        demanded = known(enabled.enabled_rules, [])
        if isinstance(demanded, list):
            context = mine.get("authenticationcontext")  # always there, and mostly switched off
            asked = "multifactorauthentication" in {d.lower() for d in demanded}
            instead = known(context.is_enabled, False) if context is not None else False
            found.append(("activation-mfa", asked or instead))
    longest = mine.get("expiration")
    hours = _hours(known(longest.maximum_duration)) if longest is not None else None
    if hours is not None:
        found.append(("activation-hours", hours))
    return found


def _hours(duration: Any) -> float | None:
    """`PT8H`, `PT30M`, `P1D` as hours; None for anything else."""
    if not isinstance(duration, str) or not duration.upper().startswith("P"):
        return None
    days, _, time = duration.upper()[1:].partition("T")
    total, digits = 0.0, ""
    for part, units in ((days, {"D": 24.0}), (time, {"H": 1.0, "M": 1 / 60, "S": 1 / 3600})):
        for letter in part:
            if letter.isdigit():
                digits += letter
            elif letter in units and digits:
                total += int(digits) * units[letter]
                digits = ""
            else:
                return None
    return None if digits else total


STEPS = (
    ("blob-container", shapes.Stated[shapes_access.Container], _container),
    ("local-user", shapes.Stated[shapes_access.LocalUser], _local_user),
    ("registry-token", shapes.Stated[shapes_access.Token], _token),
    ("registry-scope-map", shapes.Stated[shapes_access.ScopeMap], _scope_map),
    ("role-management-policy", shapes.Stated[shapes_access.ActivationPolicy], _activation),
)
