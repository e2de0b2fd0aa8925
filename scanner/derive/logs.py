"""Where logs go: of Application Insights behind workspaces, and of what holds regulated data, to where logs are kept and copied on.

The diagnostic settings of a subscription's resources are one movement for each receiver and region they come from: hundreds
of resources share one setting, and one mistake in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scanner import ids
from scanner.derive.movement import End, Flows
from scanner.derive.whereabouts import Whereabouts
from scanner.graph.estate import UNSET, Estate

_EXAMPLES = 3
# What may hold regulated data, has diagnostic settings, and is listed for a subscription.
_WITH_SETTINGS = ("workspace", "storage-account", "model-account", "key-vault", "container-registry", "ml-registry")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A place logs are kept in. `declared`: the scenario shares the service there."""

    node: int
    region: str
    copied: str  # in words, when it is a copy of what the receiver keeps; else empty
    declared: bool


@dataclass(slots=True)
class _Sent:
    classes: set[str] = field(default_factory=set)
    names: dict[str, None] = field(default_factory=dict)
    blocked: str = ""


def derive(estate: Estate, flows: Flows, where: Whereabouts) -> None:
    """Writes `logs-across` of Application Insights and of subscriptions."""
    logs = _Logs(estate, flows, where)
    for insights in estate.nodes("application-insights"):
        if insights not in estate.aside and estate.get(insights, "referenced") is not False:
            logs.insights(insights)
    logs.settings()
    logs.write()


class _Logs:
    def __init__(self, estate: Estate, flows: Flows, where: Whereabouts) -> None:
        self.estate = estate
        self.flows = flows
        self.where = where
        self.logging: set[str] = set()  # regions of sites that may log
        for site in estate.nodes("site"):
            if "log" in (estate.get(site, "does") or ()):
                self.logging.add(estate.get(site, "region"))
        self._kept: dict[int, tuple[list[_Kept], list[int]]] = {}
        self._sent: dict[tuple[int, str, _Kept], _Sent] = {}

    def insights(self, insights: int) -> None:
        """What a workspace logs to Application Insights lies in a Log Analytics workspace; what is of no workspace, in itself."""
        estate = self.estate
        receivers = [*estate.neighbours(insights, "writes-logs-to")] or [insights]
        gaps = [*estate.gaps_at(insights, "writes-logs-to")]
        classes: set[str] = set()
        for node in (insights, *estate.neighbours(insights, "dependency-of")):
            held = estate.get(node, "data-classes")
            classes |= held if isinstance(held, frozenset) else set()
        self._send(insights, insights, frozenset(classes), receivers, gaps)

    def settings(self) -> None:
        """Diagnostic settings of what holds regulated data, of logs that tell who or what; a Log Analytics workspace's exports are told with its receivers."""
        estate = self.estate
        sends: dict[int, list[int]] = {}
        for source, target in estate.pairs("sends-payloads-to"):
            sends.setdefault(source, []).append(target)
        unread = {node: list(gaps) for node, edge, gaps in estate.gap_marks() if edge == "sends-payloads-to"}
        for gap in estate.unread_gaps(*_WITH_SETTINGS):
            within = ids.subscription_of(estate.gaps[gap].scope)
            for node in estate.nodes("subscription"):
                if within in (None, estate.key(node)):
                    estate.mark_gap(node, "logs-across", gap)
        for source in dict.fromkeys((*sends, *unread)):
            subscription = estate.node(str(estate.get(source, "subscription")))
            if (
                source in estate.aside
                or subscription is None
                or estate.kind(source) in ("application-insights", "log-analytics")
            ):
                continue
            classes = self._regulated(source)
            doubts = estate.gaps_at(source, "*") if estate.get(source, "data-classes") is UNSET else ()
            if classes or doubts:
                self._send(subscription, source, classes, sends.get(source, []), [*unread.get(source, []), *doubts])

    def _regulated(self, node: int) -> frozenset[str]:
        """Classes with a home in a resource; parts of a workspace tell of what the workspace works with."""
        estate = self.estate
        classes = estate.get(node, "data-classes")
        if classes is UNSET:
            above = next(
                (found for edge in ("endpoint-of", "compute-of") for found in estate.neighbours(node, edge)), None
            )
            classes = estate.get(above, "data-classes") if above is not None else UNSET
        return (
            frozenset(name for name in classes if name in self.flows.homes)
            if isinstance(classes, frozenset)
            else frozenset()
        )

    def _send(self, subject: int, source: int, classes: frozenset[str], receivers: list[int], gaps: list[int]) -> None:
        estate = self.estate
        begins = self.where.stands(source)
        for gap in gaps:
            estate.mark_gap(subject, "logs-across", gap)
        for receiver in receivers:
            kept, unknown = self._keeps(receiver)
            for gap in (*unknown, *begins.gaps):
                estate.mark_gap(subject, "logs-across", gap)
            for region in begins.regions:
                for place in kept:
                    self._judge(subject, source, classes, region, place)

    def _judge(self, subject: int, source: int, classes: frozenset[str], region: str, place: _Kept) -> None:
        answer = self.flows.may("logs", classes, End(region), End(place.region), ("site",))
        blocked = "" if answer.allowed else answer.blocked
        if region == place.region and place.region not in self.logging:
            blocked = f"no site of the scenario logs in {place.region}"
        elif not answer.crossed:
            return
        sent = self._sent.setdefault((subject, region, place), _Sent())
        sent.classes |= classes
        sent.names[self.estate.name(source)] = None
        sent.blocked = sent.blocked or ("" if place.declared else blocked)

    def _keeps(self, receiver: int) -> tuple[list[_Kept], list[int]]:
        """Where a receiver keeps logs: where it stands, where it is replicated to, and where it exports them."""
        found = self._kept.get(receiver)
        if found is not None:
            return found
        estate = self.estate
        kept: list[_Kept] = []
        gaps: list[int] = []
        declared = estate.get(receiver, "shared") is True and estate.get(receiver, "at-declared-region") is True
        stands = self.where.data(receiver)
        gaps += stands.gaps
        kept += [_Kept(receiver, region, "", declared) for region in sorted(stands.regions)]
        if estate.kind(receiver) == "log-analytics":
            copies = estate.get(receiver, "replicated-regions")
            gaps += estate.gaps_at(receiver, "replicated-regions") if not isinstance(copies, frozenset) else ()
            kept += [_Kept(receiver, region, "replica", False) for region in sorted(copies or ())] if isinstance(copies, frozenset) else []  # fmt: skip
            gaps += estate.gaps_at(receiver, "sends-logs-to")
            for target in estate.neighbours(receiver, "sends-logs-to"):
                there = self.where.data(target)
                gaps += there.gaps
                kept += [
                    _Kept(target, region, f"export of {estate.name(receiver)}", False)
                    for region in sorted(there.regions)
                ]
        self._kept[receiver] = kept, gaps
        return kept, gaps

    def write(self) -> None:
        """Makes a node of each movement."""
        estate = self.estate
        for (subject, region, place), sent in self._sent.items():
            key = f"movement:{estate.key(subject)}|logs-across|logs|{estate.key(place.node)}|{region}>{place.region}"
            words = f"logs from {region} to {estate.name(place.node)} in {place.region}"
            node = estate.add("movement", key, f"{words} ({place.copied})" if place.copied else words)
            names = sorted(sent.names)
            estate.write(node, (
                ("what", "logs"), ("from-region", region), ("to-region", place.region), ("data-classes", frozenset(sent.classes) or None),
                ("blocked", sent.blocked or None), ("fine-tuning", False), ("count", float(len(names))),
                ("examples", frozenset(names[:_EXAMPLES])),
            ))  # fmt: skip
            estate.set(node, "declared", not sent.blocked, self.flows.line(sent.classes, region, place.region))
            reason = f"of {', '.join(names[:_EXAMPLES])}" + (" and others" if len(names) > _EXAMPLES else "")
            estate.connect(subject, "logs-across", node, reason)
