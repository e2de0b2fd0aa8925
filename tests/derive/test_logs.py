"""Where logs go: what Application Insights and diagnostic settings send to other regions, and what the scenario lets go there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.moving import World


def _insights(world: World, logs: int | None, region: str = "norwayeast", *classes: str) -> int:
    workspace = world.workspace("mlw", region, *classes)
    insights = world.node("application-insights", "appi", region, referenced=True, data_classes=None)
    world.estate.connect(workspace, "depends-on", insights)
    if logs is not None:
        world.estate.connect(insights, "writes-logs-to", logs)
    return insights


def _logs(world: World, region: str, *copies: str, **facts: Any) -> int:
    return world.node("log-analytics", "log", region, replicated_regions=[*copies], **facts)


def test_logs_kept_in_their_own_region_at_a_site_that_logs_go_nowhere() -> None:
    world = World()
    insights = _insights(world, _logs(world, "norwayeast"))
    assert not world.derive().moved(insights, "logs-across")


@pytest.mark.parametrize(
    ("flows", "classes", "declared"),
    [
        ("", (), False),
        ("what: logs, from: no, to: eu", (), True),
        ("what: logs, from: eu, to: no", (), False),
        ("what: logs, from: no, to: eu", ("claims-no",), False),
        ("what: logs, from: no, to: eu, class: claims-no, becomes: public, approved-by: dpo", ("claims-no",), True),
    ],
)
def test_in_another_region_a_flow_must_carry_them_with_what_the_workspace_works_with(
    flows: str, classes: tuple[str, ...], declared: bool
) -> None:
    world = World(flows)
    insights = _insights(world, _logs(world, "westeurope"), "norwayeast", *classes)
    assert world.derive().moved(insights, "logs-across") == [("logs", "norwayeast", "westeurope", declared)]


def test_a_service_shared_where_it_was_declared_may_take_them() -> None:
    for there in (True, False):
        world = World()
        insights = _insights(world, _logs(world, "westeurope", shared=True, at_declared_region=there))
        assert world.derive().moved(insights, "logs-across")[0][3] is there


def test_replicas_and_exports_of_the_receiver_count_as_well() -> None:
    world = World()
    logs = _logs(world, "norwayeast", "norwaywest")
    world.estate.connect(logs, "sends-logs-to", world.store("archive", "westeurope"))
    insights = _insights(world, logs)
    world.derive()
    assert [(to, declared) for _, _, to, declared in world.moved(insights, "logs-across")] == [("norwaywest", False), ("westeurope", False)]  # fmt: skip
    names = {world.estate.name(node) for node in world.estate.neighbours(insights, "logs-across")}
    assert names == {"logs from norwayeast to log in norwaywest (replica)", "logs from norwayeast to archive in westeurope (export of log)"}  # fmt: skip


def test_where_no_site_logs_nothing_may_be_kept() -> None:
    world = World()
    insights = _insights(world, _logs(world, "francecentral"), "francecentral")
    assert world.derive().moved(insights, "logs-across") == [("logs", "francecentral", "francecentral", False)]


def test_a_component_without_a_log_analytics_workspace_keeps_them_itself() -> None:
    world = World()
    assert world.derive().moved(_insights(world, None), "logs-across") == []


def test_a_receiver_nobody_sees_leaves_it_open() -> None:
    world = World()
    hidden = world.node("missing", "log-elsewhere")
    world.gap(hidden, "*", kind="log-analytics")
    insights = _insights(world, hidden)
    assert world.derive().estate.gaps_at(insights, "logs-across")
    unread = World()
    logs = unread.node("log-analytics", "log", "norwayeast")
    unread.gap(logs, "replicated-regions", kind="log-analytics")
    assert unread.derive().estate.gaps_at(_insights(unread, logs), "logs-across") == ()
    assert unread.derive().estate.gaps_at(_node(unread, "appi"), "logs-across")


def _node(world: World, key: str) -> int:
    node = world.estate.node(key)
    assert node is not None
    return node


# -- diagnostic settings -----------------------------------------------------------------------------------------------


def _settings(world: World, *classes: str, count: int = 1) -> int:
    subscription = world.node("subscription", "/subscriptions/s")
    logs = _logs(world, "westeurope")
    for n in range(count):
        store = world.store(f"lake{n}", "norwayeast", *classes, subscription="/subscriptions/s")
        world.estate.connect(store, "sends-payloads-to", logs)
    world.derive()
    return subscription


def test_settings_of_many_resources_with_regulated_data_are_one_movement_of_their_subscription() -> None:
    world = World()
    subscription = _settings(world, "claims-no", count=12)
    (movement,) = world.estate.neighbours(subscription, "logs-across")
    assert world.get(movement, "count") == 12 and world.get(movement, "declared") is False
    assert world.get(movement, "data-classes") == {"claims-no"}


def test_settings_of_what_holds_nothing_regulated_are_nobodys_matter() -> None:
    world = World()
    assert not world.moved(_settings(world, "public"), "logs-across")


def test_settings_nobody_could_read_are_open_where_the_data_is_regulated() -> None:
    for classes, open_ in ((("claims-no",), True), (("public",), False)):
        world = World()
        subscription = world.node("subscription", "/subscriptions/s")
        world.gap(world.store("lake", "norwayeast", *classes, subscription="/subscriptions/s"), "sends-payloads-to", kind="diagnostic-setting")  # fmt: skip
        assert bool(world.derive().estate.gaps_at(subscription, "logs-across")) is open_
