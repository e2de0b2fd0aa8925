"""The shapes that records are decoded into: only the fields something needs, tolerant of what Azure leaves out.

A missing field is UNSET, an empty one None. A field of another shape than expected reads as `ODD` (see `reading`):
a surprise makes facts unknown, it never ends the run.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

Text = str | None | UnsetType
Flag = bool | None | UnsetType
Number = int | float | None | UnsetType
ArmId = Annotated[str, msgspec.Meta(min_length=2)]


class Shape(msgspec.Struct, rename="camel"):
    """Wire names are camel case."""


class Identity(Shape):
    type: Text = UNSET
    principal_id: Text = UNSET
    user_assigned_identities: dict[str, dict[str, Any] | None] | UnsetType | None = UNSET


class Sku(Shape):
    name: Text = UNSET
    capacity: Number = UNSET


class Nothing(Shape):
    """Properties of kinds of which only the envelope is read."""


P = TypeVar("P")


class SystemData(Shape):
    """Who made a resource, as far as Azure says."""

    created_by: Text = UNSET
    created_by_type: Text = UNSET


class Arm(Shape, Generic[P]):
    """The envelope every ARM resource has."""

    id: ArmId
    name: Text = UNSET
    type: Text = UNSET
    location: Text = UNSET
    kind: Text = UNSET
    managed_by: Text = UNSET
    tags: dict[str, str | None] | UnsetType | None = UNSET
    identity: Identity | UnsetType | None = UNSET
    sku: Sku | UnsetType | None = UNSET
    system_data: SystemData | UnsetType | None = UNSET
    properties: P | UnsetType = UNSET


class Identified(Shape):
    """Anything of which only the id is read."""

    id: ArmId


class Stated(Shape, Generic[P]):
    """An ARM object that is of no use without its properties."""

    id: ArmId
    properties: P


class ManagedNetwork(Shape):
    isolation_mode: Text = UNSET


class Workspace(Shape):
    storage_account: Text = UNSET
    key_vault: Text = UNSET
    application_insights: Text = UNSET
    container_registry: Text = UNSET
    hub_resource_id: Text = UNSET
    public_network_access: Text = UNSET
    system_datastores_auth_mode: Text = UNSET
    managed_network: ManagedNetwork | UnsetType | None = UNSET
    workspace_id: Text = UNSET


class OutboundDestination(Shape):
    service_resource_id: Text = UNSET
    service_tag: Text = UNSET
    action: Text = UNSET
    address_prefixes: list[str] | UnsetType | None = UNSET


class OutboundRule(Shape):
    """The destination of a rule is a host name, or an object by the rule's type."""

    destination: str | OutboundDestination | UnsetType | None = UNSET


class ScaleSettings(Shape):
    min_node_count: Number = UNSET
    max_node_count: Number = UNSET
    min_instances: Number = UNSET
    max_instances: Number = UNSET


class AssignedUser(Shape):
    object_id: Text = UNSET


class PersonalSettings(Shape):
    assigned_user: AssignedUser | UnsetType | None = UNSET


class CreatedBy(Shape):
    user_id: Text = UNSET


class SshSettings(Shape):
    ssh_public_access: Text = UNSET


class ComputeDetails(Shape):
    personal_compute_instance_settings: PersonalSettings | UnsetType | None = UNSET
    created_by: CreatedBy | UnsetType | None = UNSET
    ssh_settings: SshSettings | UnsetType | None = UNSET
    idle_time_before_shutdown: Text = UNSET
    vm_size: Text = UNSET
    virtual_machine_size: Text = UNSET  # of one machine that is attached
    vm_priority: Text = UNSET
    scale_settings: ScaleSettings | UnsetType | None = UNSET


class Compute(Shape):
    compute_type: Text = UNSET
    compute_location: Text = UNSET
    disable_local_auth: Flag = UNSET
    resource_id: Text = UNSET
    properties: ComputeDetails | UnsetType | None = UNSET


class NodePool(Shape):
    vm_size: Text = UNSET
    count: Number = UNSET
    max_count: Number = UNSET
    enable_auto_scaling: Flag = UNSET
    scale_set_priority: Text = UNSET


class ClusterDirectory(Shape):
    enable_azure_rbac: Flag = msgspec.field(default=UNSET, name="enableAzureRBAC")


class Kubernetes(Shape):
    agent_pool_profiles: list[NodePool] | UnsetType | None = UNSET
    aad_profile: ClusterDirectory | UnsetType | None = UNSET


class Credentials(Shape):
    credentials_type: Text = UNSET
    client_id: Text = UNSET


class Datastore(Shape):
    datastore_type: Text = UNSET
    account_name: Text = UNSET
    store_name: Text = UNSET
    one_lake_workspace_name: Text = UNSET
    subscription_id: Text = UNSET
    resource_group: Text = UNSET
    service_data_access_auth_identity: Text = UNSET
    credentials: Credentials | UnsetType | None = UNSET


class DataVersion(Shape):
    data_uri: Text = UNSET
    tags: dict[str, Any] | UnsetType | None = UNSET


class ModelVersion(Shape):
    model_uri: Text = UNSET
    tags: dict[str, Any] | UnsetType | None = UNSET
    job_name: Text = UNSET
    properties: dict[str, Any] | UnsetType | None = UNSET


class RegistryAsset(Shape):
    """A version of a model or of data, or the container of an environment or a component."""

    model_uri: Text = UNSET
    data_uri: Text = UNSET
    properties: dict[str, Any] | UnsetType | None = UNSET


class ServedModel(Shape):
    model_id: Text = UNSET


class ServerlessEndpoint(Shape):
    model_settings: ServedModel | UnsetType | None = UNSET


class Endpoint(Shape):
    auth_mode: Text = UNSET
    public_network_access: Text = UNSET
    compute: Text = UNSET


class ModelReference(Shape):
    asset_id: Text = UNSET


class Collection(Shape):
    data_id: Text = UNSET
    data_collection_mode: Text = UNSET


class DataCollector(Shape):
    collections: dict[str, Collection | None] | UnsetType | None = UNSET


class Deployment(Shape):
    endpoint_compute_type: Text = UNSET
    instance_type: Text = UNSET
    model: str | ModelReference | UnsetType | None = UNSET
    compute: Text = UNSET
    scale_settings: ScaleSettings | UnsetType | None = UNSET
    data_collector: DataCollector | UnsetType | None = UNSET


class Connection(Shape):
    category: Text = UNSET
    target: Text = UNSET
    auth_type: Text = UNSET
    is_shared_to_all: Flag = UNSET
    credentials: Credentials | UnsetType | None = UNSET
    metadata: dict[str, Any] | UnsetType | None = UNSET


class Job(Shape):
    job_type: Text = UNSET
    status: Text = UNSET
    compute_id: Text = UNSET
    inputs: dict[str, Any] | UnsetType | None = UNSET
    outputs: dict[str, Any] | UnsetType | None = UNSET
    fine_tuning_details: dict[str, Any] | UnsetType | None = UNSET
    task_details: dict[str, Any] | UnsetType | None = UNSET
    properties: dict[str, Any] | UnsetType | None = UNSET
    jobs: dict[str, Any] | UnsetType | None = UNSET
    settings: dict[str, Any] | UnsetType | None = UNSET


class RegionDetail(Shape):
    location: Text = UNSET


class ManagedResourceGroup(Shape):
    resource_id: Text = UNSET


class MlRegistry(Shape):
    managed_resource_group: ManagedResourceGroup | UnsetType | None = UNSET
    region_details: list[RegionDetail] | UnsetType | None = UNSET


class Storage(Shape):
    allow_shared_key_access: Flag = UNSET
    allow_blob_public_access: Flag = UNSET
    public_network_access: Text = UNSET
    is_hns_enabled: Flag = UNSET
    is_sftp_enabled: Flag = UNSET
    allowed_copy_scope: Text = UNSET
    allow_cross_tenant_replication: Flag = UNSET
    primary_location: Text = UNSET
    secondary_location: Text = UNSET


class ObjectReplication(Shape):
    source_account: Text = UNSET
    destination_account: Text = UNSET


class VaultPermissions(Shape):
    secrets: list[str] | UnsetType | None = UNSET


class AccessPolicy(Shape):
    object_id: str
    permissions: VaultPermissions | UnsetType | None = UNSET


class Vault(Shape):
    enable_rbac_authorization: Flag = UNSET
    enabled_for_template_deployment: Flag = UNSET
    access_policies: list[AccessPolicy] | UnsetType | None = UNSET


class Registry(Shape):
    admin_user_enabled: Flag = UNSET


class Insights(Shape):
    workspace_resource_id: Text = msgspec.field(default=UNSET, name="WorkspaceResourceId")


class AccountRegion(Shape):
    name: Text = UNSET


class AccountRegions(Shape):
    regions: list[AccountRegion] | UnsetType | None = UNSET


class ModelAccount(Shape):
    disable_local_auth: Flag = UNSET
    locations: AccountRegions | UnsetType | None = UNSET


class ModelName(Shape):
    name: Text = UNSET
    format: Text = UNSET
    source: Text = UNSET
    source_account: Text = UNSET


class ModelDeployment(Shape):
    model: ModelName | UnsetType | None = UNSET
    spillover_deployment_name: Text = UNSET


class UserAssigned(Shape):
    principal_id: Text = UNSET


class Subscription(Shape):
    id: str
    display_name: Text = UNSET
    state: Text = UNSET
    tags: dict[str, str | None] | UnsetType | None = UNSET


class Parent(Shape):
    id: Text = UNSET


class GroupDetails(Shape):
    parent: Parent | UnsetType | None = UNSET


class ManagementGroupProperties(Shape):
    display_name: Text = UNSET
    details: GroupDetails | UnsetType | None = UNSET


class Tenant(Shape):
    tenant_id: str
    display_name: Text = UNSET


class UsageName(Shape):
    value: Text = UNSET


class Usage(Shape):
    id: Text = UNSET
    type: Text = UNSET
    current_value: Number = UNSET
    limit: Number = UNSET
    name: UsageName | UnsetType | None = UNSET


class VmSize(Shape):
    name: str
    family: Text = UNSET
    v_cpus: Number = msgspec.field(default=UNSET, name="vCPUs")
