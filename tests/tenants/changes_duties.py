"""Changes of who does what: rights that add up, activation, administrators, releases, registries, emergency accounts."""

from __future__ import annotations

from tests.tenants import kit
from tests.tenants.builder import guid
from tests.tenants.change import activation, change, eligibilities, grant, graph, group, join, properties, role, without
from tests.tenants.kit import Sample

_STAGED = ("multi-environment", "multi-environment-and-regional-serving")
_APPROVED = (*_STAGED, "limited-and-production", "regional-fine-tuning")  # whose administrators need approval


@change("prod", "scientist")
def scientist_releases(s: Sample) -> None:
    """A scientist who trains may also release to production."""
    grant(s, "scientist", "ML Releaser", s.rooms["prod"].group, "User")


@change("prod", "approver")
def approver_releases(s: Sample) -> None:
    """Somebody who approves releases may also release."""
    grant(s, "approver", "ML Releaser", s.rooms["prod"].group, "User")


@change("dev", "outsider")
def person_observes_by_name(s: Sample) -> None:
    """An auditor is given a look at development by name."""
    grant(s, "outsider", "ML Observer", s.rooms["dev"].group, "User")


@change("prod", "administrator")
def administrator_reads_by_name(s: Sample) -> None:
    """An administrator is granted the data role on production's data by name."""
    grant(s, "administrator", "Storage Blob Data Reader", s.rooms["prod"].lake, "User")


@change("prod")
def guest_observes_production(s: Sample) -> None:
    """A guest is given a look at production by name."""
    s.tenant.user("gus", guest=True)
    grant(s, "gus", "ML Observer", s.rooms["prod"].group, "User")


@change("inside", "administrator")
def administrator_reads_production(s: Sample) -> None:
    """An administrator is put into the group that reads production's data."""
    join(s, "administrator", "inside")


@change("dev", "scientists")
def scientists_raise_quota(s: Sample) -> None:
    """The scientists' group may ask for quota in its subscription."""
    grant(s, "scientists", "Quota Request Operator", s.rooms["dev"].subscription)


@change("prod", "scientists")
def scientists_operate_production(s: Sample) -> None:
    """The group of development is given a role in production as well."""
    grant(s, "scientists", "ML Operator", s.rooms["prod"].group)


@change("prod", "outsider")
def assignment_above_environments(s: Sample) -> None:
    """One assignment above all environments lets the auditors start and stop computes everywhere."""
    grant(s, "grp-auditors", "AzureML Compute Operator", s.top)


@change("prod", "outsider")
def many_writers_in_production(s: Sample) -> None:
    """A crowd of nine may submit jobs to production."""
    for number in range(9):
        s.tenant.user(f"extra{number}")
    s.tenant.directory_group("grp-crowd", [f"extra{n}" for n in range(9)])
    grant(s, "grp-crowd", role(s, "Jobs", f"{kit.ML}/jobs/write"), s.rooms["prod"].group)


@change("inside", only=("limited-and-production", "contoso-compliant"))
def eligible_role_assigned(s: Sample) -> None:
    """What a group of production was to activate is assigned to it."""
    name = "ML Trainer" if s.scenario == "limited-and-production" else "ML Operator"
    for row in eligibilities(s, "inside", name):
        s.tenant.assign(s.who["inside"], name, row["properties"]["scope"])


@change("dev", "scientist")
def scientist_assigns_own_group(s: Sample) -> None:
    """A right of the scientists' group was given to it by one of its members."""
    made = grant(s, "scientists", "ML Observer", s.rooms["dev"].workspace)
    made["properties"]["createdBy"] = s.tenant.principals[s.who["scientist"]]
    made = grant(s, "scientists", "Storage Blob Data Contributor", s.rooms["dev"].workspace)
    made["properties"]["createdBy"] = s.tenant.principals[s.who["scientist"]]


@change("prod", "dev")
def vault_shared(s: Sample) -> None:
    """Production keeps its secrets in the vault of development."""
    properties(s, s.rooms["prod"].workspace, keyVault=s.rooms["dev"].vault.lower())


@change("prod", "scientists")
def scientists_push_images(s: Sample) -> None:
    """The scientists' group may push images to the registry of production."""
    grant(s, "scientists", "AcrPush", s.rooms["prod"].shelf.registry)


@change("prod")
def registry_with_admin_user(s: Sample) -> None:
    """The admin user of production's registry is on."""
    properties(s, s.rooms["prod"].shelf.registry, adminUserEnabled=True)


@change("prod")
def registry_with_token(s: Sample) -> None:
    """Production's registry can be reached by a token."""
    registry = s.rooms["prod"].shelf.registry
    pushes = f"{registry}/scopeMaps/_repositories_push"
    s.tenant.resource(registry, "tokens", "ci", {"status": "enabled", "scopeMapId": pushes}, None)


@change("prod")
def registry_with_task(s: Sample) -> None:
    """Production's registry builds images by a task of its own."""
    where = s.rooms["prod"]
    s.tenant.resource(where.shelf.registry, "tasks", "nightly", {"status": "Enabled", "step": {"type": "Docker"}}, where.region)  # fmt: skip


@change("prod", "release")
def release_beyond_its_duty(s: Sample) -> None:
    """The release workload may create computes in production too."""
    name = role(s, "Computes", f"{kit.ML}/computes/write")
    grant(s, "release", name, s.rooms["prod"].group, "ServicePrincipal")


@change("test", "approvers")
def approvers_release_to_test(s: Sample) -> None:
    """The approvers' group may deploy to test itself."""
    grant(s, "approvers", "ML Releaser", s.rooms["test"].group)


@change("prod", "scientist", only=(*_STAGED, "limited-and-production"))
def model_put_by_hand(s: Sample) -> None:
    """A scientist put a model into production by hand."""
    arm_id = s.tenant.resource(
        s.rooms["prod"].workspace, "models", "mine/versions/1", {"modelType": "custom_model"}, None
    )
    maker = s.tenant.principals[s.who["scientist"]]
    kit.found(s.tenant, arm_id)["systemData"] = {"createdBy": maker, "createdByType": "User"}


@change("prod", "scientist", only=(*_STAGED, "limited-and-production"))
def schedule_put_by_hand(s: Sample) -> None:
    """A scientist put a schedule and a component into production by hand."""
    maker = {"createdBy": s.tenant.principals[s.who["scientist"]], "createdByType": "User"}
    for kind, name in (("schedules", "nightly"), ("components", "score")):
        s.tenant.resource(s.rooms["prod"].workspace, kind, name, {}, None, systemData=maker)


@change("prod", "scientist")
def scientist_writes_models_of_production(s: Sample) -> None:
    """A scientist may write the account in which production keeps its models."""
    grant(s, "scientist", "Storage Blob Data Contributor", s.rooms["prod"].storage, "User")


@change("release")
def release_with_secret(s: Sample) -> None:
    """The release workload has a client secret."""
    graph(s, "applications", s.who["release"])["passwordCredentials"].append(
        {"keyId": guid("key"), "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2099-01-01T00:00:00Z"}
    )


@change("dev", "scientists")
def scientists_cannot_train(s: Sample) -> None:
    """The scientists' group has lost the role it trains with."""
    principal, trainer = s.tenant.principals[s.who["scientists"]], s.tenant.roles["ML Trainer"][0]
    without(s, "roleAssignments", lambda row: row["properties"]["principalId"] == principal
            and row["properties"]["roleDefinitionId"].endswith(trainer))  # fmt: skip


# -- activation ---------------------------------------------------------------------------------------------------------


@change("inside", only=_STAGED)
def activated_without_approval(s: Sample) -> None:
    """Reading production for an incident is activated without approval."""
    activation(s, "Storage Blob Data Reader", s.rooms["prod"].lake)["ApprovalRule"]["setting"] = {"isApprovalRequired": False, "approvalStages": []}  # fmt: skip


@change("inside", only=_STAGED)
def activated_without_second_factor(s: Sample) -> None:
    """Reading production for an incident is activated without a second factor."""
    activation(s, "Storage Blob Data Reader", s.rooms["prod"].lake)["EnablementRule"]["enabledRules"] = [
        "Justification"
    ]


@change("inside", only=_STAGED)
def activated_for_too_long(s: Sample) -> None:
    """Reading production for an incident is activated for a day."""
    activation(s, "Storage Blob Data Reader", s.rooms["prod"].lake)["ExpirationRule"]["maximumDuration"] = "PT24H"


@change("inside", only=_STAGED)
def approved_by_scientists(s: Sample) -> None:
    """Activating access for an incident may be approved by the scientists too."""
    setting = activation(s, "Storage Blob Data Reader", s.rooms["prod"].lake)["ApprovalRule"]["setting"]
    name = s.who["scientists"]
    setting["approvalStages"][0]["primaryApprovers"].append(
        {"id": s.tenant.principals[name], "description": name, "isBackup": False, "userType": "Group"}
    )


@change("approver", only=("limited-and-production",), scenario={"duties: [approve], reads: [masked]}": "duties: [approve], reads: [masked], review: 90d}"})  # fmt: skip
def access_nobody_reviews(s: Sample) -> None:
    """The row of who approves wants a review of its access every three months, and nobody set one up."""


@change("test", only=("multi-environment", "multi-environment-and-regional-serving"), scenario={"duties: [approve, observe], reads: [sampled]}": "duties: [approve, observe], reads: [sampled], review: 90d}"})  # fmt: skip
def access_reviewed_too_seldom(s: Sample) -> None:
    """The row of who approves wants a review every three months, and the review of its group comes once a year."""
    principal = s.tenant.principals[s.who["approvers"]]
    s.tenant.document["graph"]["accessReviewDefinitions"] = [{
        "id": "review", "status": "InProgress", "instanceEnumerationScope": None,
        "scope": {"@odata.type": "#microsoft.graph.accessReviewQueryScope", "query": f"/v1.0/groups/{principal}/transitiveMembers/microsoft.graph.user",
                  "queryType": "MicrosoftGraph", "queryRoot": None},
        "settings": {"recurrence": {"pattern": {"type": "absoluteYearly", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-01-01"}}}}]  # fmt: skip


# -- administrators and emergency accounts --------------------------------------------------------------------------------


@change("administrators")
def too_many_administrators(s: Sample) -> None:
    """Nine people more administer everything."""
    for number in range(9):
        s.tenant.user(f"extra{number}")
        join(s, f"extra{number}", "administrators")


@change("administrators")
def administrators_always_on(s: Sample) -> None:
    """The administrators hold their role without activating it."""
    grant(s, "administrators", "Owner", s.rooms["dev"].group)


@change("administrators", only=_APPROVED)
def administrators_activate_alone(s: Sample) -> None:
    """Administrators activate their role without approval."""
    activation(s, "Owner", s.top)["ApprovalRule"]["setting"] = {"isApprovalRequired": False, "approvalStages": []}


@change("administrator", "scientists")
def administrator_trains(s: Sample) -> None:
    """An administrator is a member of the group that trains."""
    join(s, "administrator", "scientists")


def _emergency(s: Sample) -> str:
    return next(name for name in ("bg", "bg1", "eme01") if name in s.tenant.principals)


@change()
def emergency_account_from_on_premises(s: Sample) -> None:
    """An emergency account is synchronised from on premises."""
    graph(s, "users", _emergency(s))["onPremisesSyncEnabled"] = True


@change("dev")
def emergency_account_with_role(s: Sample) -> None:
    """An emergency account holds a role in Azure."""
    grant(s, _emergency(s), "Reader", s.rooms["dev"].subscription, "User")


@change("scientists")
def emergency_account_owns_group(s: Sample) -> None:
    """An emergency account owns a group."""
    group(s, "scientists")["x-owners"].append(s.tenant.principals[_emergency(s)])


@change(scenario={"at-most: 2, directory: standing": "at-most: 0, directory: standing"})
def emergency_accounts_not_allowed(s: Sample) -> None:
    """The scenario allows no emergency accounts any more, and still names some."""
