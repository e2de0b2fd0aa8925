"""The shapes of what says where data goes beside where it lies: logs, copies, backups, private endpoints, collectors."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from scanner.graph.build.shapes import ArmId, Flag, Shape, Text


class Log(Shape):
    category: Text = UNSET
    category_group: Text = UNSET
    enabled: Flag = UNSET


class Diagnostics(Shape):
    workspace_id: Text = UNSET
    storage_account_id: Text = UNSET
    event_hub_authorization_rule_id: Text = UNSET
    logs: list[Log] | UnsetType | None = UNSET


class Destination(Shape):
    resource_id: Text = UNSET


class Export(Shape):
    enable: Flag = UNSET
    destination: Destination | UnsetType | None = UNSET


class Link(Shape):
    private_link_service_id: Text = UNSET


class Connected(Shape):
    properties: Link | UnsetType | None = UNSET


class PrivateEndpoint(Shape):
    private_link_service_connections: list[Connected] | UnsetType | None = UNSET
    manual_private_link_service_connections: list[Connected] | UnsetType | None = UNSET


class Replication(Shape):
    enabled: Flag = UNSET
    location: Text = UNSET


class LogAnalytics(Shape):
    replication: Replication | UnsetType | None = UNSET


class Partner(Shape):
    location: Text = UNSET


class FailoverGroup(Shape):
    partner_servers: list[Partner] | UnsetType | None = UNSET


class ReplicationLink(Shape):
    partner_location: Text = UNSET


class Redundancy(Shape):
    standard_tier_storage_redundancy: Text = UNSET
    cross_region_restore: Text = UNSET


class StorageSetting(Shape):
    type: Text = UNSET


class CrossRegion(Shape):
    state: Text = UNSET


class Features(Shape):
    cross_region_restore_settings: CrossRegion | UnsetType | None = UNSET


class BackupStore(Shape):
    """A recovery vault says `redundancySettings`, a backup vault `storageSettings`."""

    redundancy_settings: Redundancy | UnsetType | None = UNSET
    storage_settings: list[StorageSetting] | UnsetType | None = UNSET
    feature_settings: Features | UnsetType | None = UNSET


class ProtectedItem(Shape):
    source_resource_id: Text = UNSET


class DataSource(Shape):
    resource_id: Text = msgspec.field(default=UNSET, name="resourceID")


class BackupInstance(Shape):
    data_source_info: DataSource | UnsetType | None = UNSET


class Lock(Shape):
    level: Text = UNSET


class Boundary(Shape):
    data_boundary: Text = UNSET


class Pair(Shape):
    name: str


class Whereabouts(Shape):
    region_type: Text = UNSET
    geography: Text = UNSET
    paired_region: list[Pair] | UnsetType | None = UNSET


class Location(Shape):
    id: ArmId
    name: Annotated[str, msgspec.Meta(min_length=1)]
    type: Text = UNSET
    metadata: Whereabouts | UnsetType | None = UNSET
