"""A small scenario, and an estate of two subscriptions that it is bound to."""

from __future__ import annotations

from scanner import yamlfile
from scanner.graph.estate import Estate
from scanner.scenario.load import from_document
from scanner.scenario.model import Scenario

BASE = """\
scenario: test
pattern: multi-environment
environments:
  development: {match: {tag: {env: [dev]}}, data: [public], default-class: public}
  production: {match: {tag: {env: [prod]}, subscription: [sub-prod]}, data: [public, live], default-class: live}
data-classes:
  public: {match: {tag: {class: [public]}}}
  live: {match: {tag: {class: [live]}}, home: {boundary: [EU]}}
sites:
  main: {region: westeurope, does: [store, train], data: [live]}
"""


def loaded(text: str) -> Scenario:
    return from_document(yamlfile.parse(text, "s.yaml"))


def an_estate() -> Estate:
    estate = Estate()
    estate.add("tenant", "/", "t")
    for name in ("sub-dev", "sub-prod"):
        subscription = estate.add("subscription", f"/subscriptions/{name}", name)
        estate.set(subscription, "subscription", f"/subscriptions/{name}")
        estate.set(subscription, "tags", {})
        estate.connect(0, "contains", subscription)
    return estate


def a_workspace(estate: Estate, subscription: str, name: str, **tags: str) -> int:
    node = estate.add("workspace", f"/subscriptions/{subscription}/{name}", name)
    estate.set(node, "tags", tags)
    estate.set(node, "subscription", f"/subscriptions/{subscription}")
    parent = estate.node(f"/subscriptions/{subscription}")
    assert parent is not None
    estate.connect(parent, "contains", node)
    return node
