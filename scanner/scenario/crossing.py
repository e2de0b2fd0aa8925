"""Declared flows that cannot happen, and flows of regulated data that nobody approves (SCN05, SCN06)."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.errors import Span
from scanner.findings import Finding, NodeRef
from scanner.scenario.flows import words
from scanner.scenario.model import DataClass, Flow, Scenario, Site

# What a site must do at least one of, to be where something comes from, and to be where it goes.
_STORES_OR_TRAINS = frozenset({"store", "train", "fine-tune"})
_FROM = {
    "metrics": _STORES_OR_TRAINS | {"serve", "serve-batch"}, "metadata": _STORES_OR_TRAINS | {"serve", "serve-batch"},
    "logs": _STORES_OR_TRAINS | {"serve", "serve-batch", "log"}, "data": _STORES_OR_TRAINS | {"serve", "serve-batch"},
}  # fmt: skip
_TO = {
    "data": frozenset({"store", "train", "fine-tune"}), "features": frozenset({"store", "train", "fine-tune", "serve", "serve-batch"}),
    "model": frozenset({"store", "fine-tune", "train", "serve", "serve-batch"}), "image": frozenset({"train", "fine-tune", "serve", "serve-batch"}),
    "code": frozenset({"train", "fine-tune", "serve", "serve-batch"}), "metrics": _STORES_OR_TRAINS | {"log"}, "metadata": _STORES_OR_TRAINS | {"log"},
    "logs": frozenset({"log"}), "attach": frozenset({"train", "fine-tune", "serve", "serve-batch"}),
}  # fmt: skip


def findings(scenario: Scenario) -> Iterator[Finding]:
    """One for each reason a flow cannot be, at the flow's line."""
    sites = {site.name: site for site in scenario.sites}
    for flow in scenario.flows:
        subject = NodeRef(
            "flow:" + "|".join((flow.what, flow.source, flow.target, flow.data_class or "")), "flow", words(flow)
        )
        for cause, text, fix in _impossible(scenario, flow, sites):
            yield incoherence("SCN05", subject, cause, f"{words(flow)}: {text}", flow.span, fix)
        carried = scenario.data_class(flow.data_class) if flow.data_class else None
        if carried is not None and regulated(carried) and not flow.approved_by:
            text = f"{words(flow)}: `{carried.name}` is regulated, and nobody is named to approve the flow"
            yield incoherence(
                "SCN06", subject, "approver", text, flow.span, "add `approved-by` with the group that decides it"
            )


def incoherence(rule: str, subject: NodeRef, cause: str, text: str, line: Span, fix: str) -> Finding:
    """A finding about the scenario alone. Keys and causes are in lower case, as waivers are compared with them."""
    folded = NodeRef(subject.key.lower(), subject.kind, subject.name)
    return Finding(rule, "fail", folded, cause.lower(), text, line=line, fix=fix)


def regulated(data_class: DataClass) -> bool:
    """Whether only a flow that names the class carries it: it has a home, or is for production only."""
    return data_class.home is not None or data_class.production_only


def _impossible(scenario: Scenario, flow: Flow, sites: dict[str, Site]) -> Iterator[tuple[str, str, str]]:
    """(cause, what is wrong, what to do)."""
    if flow.source == flow.target:
        yield "nowhere", "it leads nowhere", "name two different ends, or delete it"
        return
    environments = {environment.name for environment in scenario.environments}
    source = sites.get(flow.source) if flow.source not in environments else None
    target = sites.get(flow.target) if flow.target not in environments else None
    if source is not None and not _FROM.get(flow.what, _STORES_OR_TRAINS) & set(source.does):
        yield (
            "source",
            f"`{source.name}` neither stores nor trains, so no {flow.what} comes from there",
            f"add `store` or `train` to what `{source.name}` does",
        )
    if target is not None and not _TO[flow.what] & set(target.does):
        listed = " or ".join(f"`{word}`" for word in sorted(_TO[flow.what]))
        yield "target", f"`{target.name}` does nothing with {flow.what}", f"add {listed} to what `{target.name}` does"
    if flow.data_class:
        holds = (
            source.data
            if source is not None
            else next((e.data for e in scenario.environments if e.name == flow.source), ())
        )
        if holds and flow.data_class not in holds:
            yield (
                "class",
                f"`{flow.source}` holds no `{flow.data_class}`",
                f"add `{flow.data_class}` to the `data` of `{flow.source}`",
            )
    arrives = scenario.data_class(flow.becomes or flow.data_class or "")
    if arrives is not None and arrives.home is not None and target is not None:
        allowed = arrives.home.regions | (arrives.processing.regions if arrives.processing else frozenset())
        if target.region not in allowed:
            yield (
                "home",
                f"`{arrives.name}` would arrive in {target.region}, and its home is {arrives.home.words}",
                "say what it `becomes` on the way, or leave the flow out",
            )
    if flow.what in ("data", "features") and arrives is not None:
        admitted = next((e.data for e in scenario.environments if e.name == flow.target), ())
        if admitted and arrives.name not in admitted:
            yield (
                "admitted",
                f"environment `{flow.target}` admits no `{arrives.name}`",
                f"add `{arrives.name}` to its `data`, or say what it `becomes`",
            )
