"""The shapes of rights and of who has them: assignments, principals, workloads and their trusts, rules of activation."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from scanner.graph.build.shapes import Flag, Number, Shape, Text


class Assignment(Shape):
    principal_id: str
    role_definition_id: str
    scope: str
    principal_type: Text = UNSET
    condition: Text = UNSET
    created_by: Text = UNSET
    start_date_time: Text = UNSET
    end_date_time: Text = UNSET
    assignment_type: Text = UNSET
    linked_role_eligibility_schedule_instance_id: Text = UNSET


class Delegate(Shape):
    """Somebody of the tenant that manages, with a role here."""

    principal_id: str
    role_definition_id: str


class Offer(Shape):
    authorizations: list[Delegate] | UnsetType | None = UNSET
    eligible_authorizations: list[Delegate] | UnsetType | None = UNSET


class Offered(Shape):
    properties: Offer | UnsetType | None = UNSET


class Delegation(Shape):
    registration_definition: Offered | UnsetType | None = UNSET


class Permission(Shape):
    actions: tuple[str, ...] | None = ()
    not_actions: tuple[str, ...] | None = ()
    data_actions: tuple[str, ...] | None = ()
    not_data_actions: tuple[str, ...] | None = ()
    condition: Text = UNSET


class RoleDefinition(Shape):
    role_name: Text = UNSET
    type: Text = UNSET
    permissions: list[Permission] | UnsetType | None = UNSET


class Principal(Shape):
    id: str
    type: Text = UNSET


class Deny(Shape):
    scope: str
    permissions: list[Permission] | UnsetType | None = UNSET
    principals: list[Principal] | UnsetType | None = UNSET
    exclude_principals: list[Principal] | UnsetType | None = UNSET
    do_not_apply_to_child_scopes: Flag = UNSET


class User(Shape):
    id: str
    display_name: Text = UNSET
    user_principal_name: Text = UNSET
    user_type: Text = UNSET
    account_enabled: Flag = UNSET
    usage_location: Text = UNSET
    country: Text = UNSET
    on_premises_sync_enabled: Flag = UNSET


class ServicePrincipal(Shape):
    id: str
    app_id: Text = UNSET
    display_name: Text = UNSET
    service_principal_type: Text = UNSET
    alternative_names: list[str] | UnsetType | None = UNSET
    app_owner_organization_id: Text = UNSET
    account_enabled: Flag = UNSET


class Group(Shape):
    id: str
    display_name: Text = UNSET
    group_types: list[str] | UnsetType | None = UNSET
    is_assignable_to_role: Flag = UNSET
    is_management_restricted: Flag = UNSET
    membership_rule: Text = UNSET
    on_premises_sync_enabled: Flag = UNSET


class Member(Shape):
    id: str
    odata_type: Text = msgspec.field(default=UNSET, name="@odata.type")


class Activation(Shape):
    """Who is a member or an owner of a group by PIM, now."""

    principal_id: str
    group_id: str
    access_id: Text = UNSET
    assignment_type: Text = UNSET


class Eligibility(Shape):
    """Who may activate membership or ownership of a group."""

    id: str
    principal_id: str
    group_id: str
    access_id: Text = UNSET


class Application(Shape):
    id: str
    app_id: Text = UNSET
    display_name: Text = UNSET
    password_credentials: list[SignIn] | UnsetType | None = UNSET
    key_credentials: list[SignIn] | UnsetType | None = UNSET


class SignIn(Shape):
    end_date_time: Text = UNSET


class Federation(Shape):
    """A trust as ARM answers it below an identity, and Graph below an application."""

    id: Text = UNSET
    issuer: Text = UNSET
    subject: Text = UNSET
    claims_matching_expression: Expression | str | UnsetType | None = UNSET


class Expression(Shape):
    value: Text = UNSET


class DirectoryRole(Shape):
    id: str
    template_id: Text = UNSET
    display_name: Text = UNSET


class DirectoryRoleAssignment(Shape):
    principal_id: str
    role_definition_id: str
    directory_scope_id: Text = UNSET
    assignment_type: Text = UNSET


class GroupPolicy(Shape):
    """The rules of activating membership (`member`) or ownership (`owner`) of a group."""

    scope_id: str
    role_definition_id: Text = UNSET
    policy: GroupRules | UnsetType | None = UNSET


class GroupRules(Shape):
    rules: list[ActivationRule] | UnsetType | None = UNSET


class ReviewPattern(Shape):
    type: Text = UNSET
    interval: Number = UNSET


class ReviewRange(Shape):
    type: Text = UNSET
    end_date: Text = UNSET


class ReviewRecurrence(Shape):
    pattern: ReviewPattern | UnsetType | None = UNSET
    range: ReviewRange | UnsetType | None = UNSET


class ReviewSettings(Shape):
    recurrence: ReviewRecurrence | UnsetType | None = UNSET


class Review(Shape):
    id: str
    status: Text = UNSET
    scope: dict[str, Any] | UnsetType | None = UNSET
    instance_enumeration_scope: dict[str, Any] | UnsetType | None = UNSET
    settings: ReviewSettings | UnsetType | None = UNSET


class AppRole(Shape):
    id: str
    value: Text = UNSET


class AppRoleAssignment(Shape):
    principal_id: str
    app_role_id: str
    principal_type: Text = UNSET


class Container(Shape):
    public_access: Text = UNSET


class LocalUser(Shape):
    has_ssh_password: Flag = UNSET
    has_ssh_key: Flag = UNSET
    has_shared_key: Flag = UNSET


class Token(Shape):
    status: Text = UNSET
    scope_map_id: Text = UNSET


class ScopeMap(Shape):
    actions: list[str] | UnsetType | None = UNSET


class Classic(Shape):
    """An administrator of a subscription from before there were roles."""

    email_address: Text = UNSET
    role: Text = UNSET


class PolicyAssignment(Shape):
    scope: Text = UNSET


class ActivationPolicy(Shape):
    scope: Text = UNSET
    role_definition_id: Text = UNSET
    effective_rules: list[ActivationRule] | UnsetType | None = UNSET


class ActivationRule(Shape):
    id: Text = UNSET
    is_enabled: Flag = UNSET
    maximum_duration: Text = UNSET
    enabled_rules: list[str] | UnsetType | None = UNSET
    setting: ApprovalSetting | UnsetType | None = UNSET


class ApprovalSetting(Shape):
    is_approval_required: Flag = UNSET
    approval_stages: list[ApprovalStage] | UnsetType | None = UNSET


class ApprovalStage(Shape):
    primary_approvers: list[Approver] | UnsetType | None = UNSET


class Approver(Shape):
    """ARM calls who approves `id`, Graph a person `userId` and a group `groupId`."""

    id: Text = UNSET
    user_id: Text = UNSET
    group_id: Text = UNSET


class SqlAdministrators(Shape):
    azure_ad_only_authentication: Flag = msgspec.field(default=UNSET, name="azureADOnlyAuthentication")


class AuthConfig(Shape):
    password_auth: Text = UNSET


class Network(Shape):
    public_network_access: Text = UNSET


class DatabasePlace(Shape):
    location_name: Text = UNSET


class PeriodicBackup(Shape):
    backup_storage_redundancy: Text = UNSET


class BackupPolicy(Shape):
    type: Text = UNSET
    periodic_mode_properties: PeriodicBackup | UnsetType | None = UNSET


class ServerBackup(Shape):
    geo_redundant_backup: Text = UNSET


class Database(Shape):
    """What the services for data say of signing in and of their network; each uses some of these."""

    disable_local_auth: Flag = UNSET
    public_network_access: Text = UNSET
    administrators: SqlAdministrators | UnsetType | None = UNSET
    auth_config: AuthConfig | UnsetType | None = UNSET
    network: Network | UnsetType | None = UNSET
    locations: list[DatabasePlace] | UnsetType | None = UNSET
    backup_policy: BackupPolicy | UnsetType | None = UNSET
    current_backup_storage_redundancy: Text = UNSET
    backup: ServerBackup | UnsetType | None = UNSET
    replication_role: Text = UNSET
    source_server_resource_id: Text = UNSET
