"""The estate: nodes with typed attributes and edges by kind, compact enough for a million resources.

Nodes are small integers. Attributes lie in columns by kind, edges in arrays that become CSR when first walked; a
step therefore reads one kind of edge while it writes others. Where an attribute came from (a line of the
scenario) and why a derived edge is there lie in side tables. Nothing is ever removed.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
import numpy

from scanner.errors import Span
from scanner.findings import Gap, NodeRef, Step
from scanner.graph.bundles import Bundles
from scanner.graph.edges import ONTOLOGY
from scanner.regions import Listed

UNSET = msgspec.UNSET  # an attribute nobody could read, as against None: read, and absent
Value = Any  # str | bool | float | frozenset[str] | dict[str, str] | None | UnsetType, or an opaque object

_Csr: TypeAlias = "tuple[array[int], array[int]]"  # where the neighbours of each node begin, and the neighbours
_NO_NODES: Sequence[int] = array("i")


@dataclass(slots=True)
class _Table:
    """The nodes of one kind: their ids in order of making, and a column for each attribute in use."""

    nodes: array[int] = field(default_factory=lambda: array("i"))
    columns: dict[str, list[Value]] = field(default_factory=dict)
    lines: dict[str, array[int]] = field(default_factory=dict)  # attribute -> row -> index of a span + 1


@dataclass(slots=True)
class _Edges:
    """Edges of one kind in order of making, their CSR forms once they were asked for, and those kept as sets."""

    sources: array[int] = field(default_factory=lambda: array("i"))
    targets: array[int] = field(default_factory=lambda: array("i"))
    forward: _Csr | None = None
    backward: _Csr | None = None
    bundles: Bundles | None = None


class Estate:
    """The one wrapper around the graph; build, bind and derive write it, rules and reports read it."""

    def __init__(self) -> None:
        self.ontology = ONTOLOGY
        self.gaps: list[Gap] = []  # every gap of the snapshot, by index
        # (node kind, gap index) -> place in order of marking: a list of subjects nobody could read
        self.unread: dict[tuple[str, int], int] = {}
        self._unread_of: dict[str, list[int]] = {}  # the same by kind: asked for node after node
        self.aside: set[int] = set()  # outside the scenario's scope: context, never judged
        self.spans: list[Span] = []
        self.listed: dict[str, Listed] = {}  # Azure's live list of regions by name; `located` reads it
        self._ids: dict[str, int] = {}
        self._keys: list[str] = []
        self._kinds: list[str] = []
        # by node, the columns of its kind and its row in them: a read is three subscripts and nothing else
        self._columns_of: list[dict[str, list[Value]]] = []
        self._rows: list[int] = []
        self._original: dict[int, str] = {}
        self._tables: dict[str, _Table] = {kind: _Table() for kind in ONTOLOGY.kinds}
        self._edges: dict[str, _Edges] = {name: _Edges() for name in ONTOLOGY.edges}
        self._inverse = {edge.inverse: name for name, edge in ONTOLOGY.edges.items()}
        self._reasons: dict[tuple[str, int, int], str] = {}
        self._edge_gaps: dict[tuple[str, int, int], int] = {}
        self._node_gaps: dict[tuple[int, str], dict[int, None]] = {}
        self.gap_names: set[str] = set()  # edges and attributes with a gap somewhere
        self._chains: dict[int, Callable[[int], tuple[int, tuple[Step, ...]]]] = {}
        self._span_index: dict[int, int] = {}
        self._gap_index: dict[Gap, int] = {}

    # -- nodes ------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, kind: str, key: str, name: str | None = None, original: str = "") -> int:
        """The node of this key, made if new; a `missing` node takes the kind it turns out to have.

        `key` is folded (ARM id, object id, or made of such ids); `original` is the id as Azure wrote it, kept only
        when it differs from the key.
        """
        node = self._ids.get(key)
        if node is None:
            node = len(self._keys)
            self._ids[key] = node
            self._keys.append(key)
            self._kinds.append(kind)
            table = self._tables[kind]
            self._columns_of.append(table.columns)
            self._rows.append(len(table.nodes))
            table.nodes.append(node)
        elif kind != "missing" and self._kinds[node] == "missing":
            self._kinds[node] = kind
            table = self._tables[kind]
            self._columns_of[node] = table.columns
            self._rows[node] = len(table.nodes)
            table.nodes.append(node)
        if original and original != key:
            self._original[node] = original
        if name is not None:
            self.set(node, "name", name)
        return node

    def node(self, key: str) -> int | None:
        """The node of a folded key, or None."""
        return self._ids.get(key)

    def key(self, node: int) -> str:
        return self._keys[node]

    def kind(self, node: int) -> str:
        return self._kinds[node]

    def name(self, node: int) -> str:
        """What a person calls it; the key's last segment when Azure gave no name."""
        name = self.get(node, "name")
        return name if isinstance(name, str) and name else self._keys[node].rpartition("/")[2]

    def original(self, node: int) -> str:
        """The id as Azure wrote it."""
        return self._original.get(node, self._keys[node])

    def ref(self, node: int) -> NodeRef:
        return NodeRef(self._keys[node], self._kinds[node], self.name(node), self.original(node))

    def nodes(self, kind: str) -> Iterator[int]:
        """The nodes of a kind or union, in order of making. Nodes made meanwhile are not included."""
        for member in self.ontology.members(kind):
            found = self._tables[member].nodes.tolist()
            # only what was missing can have become another kind
            yield from found if member != "missing" else [node for node in found if self._kinds[node] == member]

    def count(self, kind: str) -> int:
        """How many nodes of a kind or union there are; only `missing` ones can have become another kind."""
        plain = sum(len(self._tables[m].nodes) for m in self.ontology.members(kind) if m != "missing")
        return plain + sum(1 for _ in self.nodes("missing")) if "missing" in self.ontology.members(kind) else plain

    def column(self, kind: str, attribute: str) -> tuple[Sequence[int], Sequence[Value] | None]:
        """For bulk reading: the nodes of a plain kind and, in the same order, their values (None: all unset).

        A column may be shorter than the nodes; what is beyond its end is unset.
        """
        table = self._tables[kind]
        return table.nodes, table.columns.get(attribute)

    # -- attributes -------------------------------------------------------------------------------------------

    def get(self, node: int, attribute: str) -> Value:
        """The value; `UNSET` when it could not be read or the kind does not have it."""
        try:
            return self._columns_of[node][attribute][self._rows[node]]
        except (KeyError, IndexError):  # one read in thirty
            return UNSET

    def set(self, node: int, attribute: str, value: Value, line: Span | None = None) -> None:
        """Writes an attribute; `line` is the scenario line the value comes from."""
        columns = self._columns_of[node]
        row = self._rows[node]
        column = columns.get(attribute)
        if column is None:
            column = columns[attribute] = []
        size = len(column)
        if row < size:
            column[row] = value
        else:
            if row > size:
                column.extend([UNSET] * (row - size))
            column.append(value)
        if line is not None:
            lines = self._lines_of(node).setdefault(attribute, array("i"))
            index = self._span(line) + 1
            if row == len(lines):
                lines.append(index)
            else:
                if row > len(lines):
                    lines.extend([0] * (row + 1 - len(lines)))
                lines[row] = index

    def write(self, node: int, facts: Iterable[tuple[str, Value]], line: Span | None = None) -> None:
        """Writes several attributes of one origin at once: what steps do that write the same ones on every resource."""
        columns = self._columns_of[node]
        row = self._rows[node]
        if line is None:
            for name, value in facts:
                column = columns.get(name)
                if column is not None and len(column) == row:
                    column.append(value)
                else:
                    self.set(node, name, value)
            return
        index, table = self._span(line) + 1, self._lines_of(node)
        for name, value in facts:
            column, lines = columns.get(name), table.get(name)
            if column is not None and lines is not None and len(column) == len(lines) == row:
                column.append(value)
                lines.append(index)
            else:
                self.set(node, name, value, line)

    def fill(self, kind: str, attribute: str, value: Value) -> None:
        """Writes one value on every node of a kind or union: where few of many differ, they are written after it."""
        for member in self.ontology.members(kind):
            table = self._tables[member]
            table.columns[attribute] = [value] * len(table.nodes)

    def line(self, node: int, attribute: str) -> Span | None:
        """The scenario line an attribute was written from."""
        lines = self._lines_of(node).get(attribute)
        row = self._rows[node]
        if lines is None or row >= len(lines) or not lines[row]:
            return None
        return self.spans[lines[row] - 1]

    # -- edges ------------------------------------------------------------------------------------------------

    def connect(self, source: int, edge: str, target: int, reason: str = "", gap: int | None = None) -> None:
        """Adds an edge by its forward name.

        `reason` says in words why a derived edge is there; `gap` (an index of `gaps`) marks an edge that would
        be known for certain if that list could be read (only on edges that are conditional in the ontology).
        """
        edges = self._edges[edge]
        edges.sources.append(source)
        edges.targets.append(target)
        edges.forward = edges.backward = None
        if reason:
            self._reasons[edge, source, target] = reason
        if gap is not None:
            self._edge_gaps[edge, source, target] = gap

    def connect_all(self, sources: Collection[int], edge: str, target: int) -> None:
        """Adds an edge from each of many nodes to one, by its forward name, without a reason; kept as the set it is."""
        if sources:
            edges = self._edges[edge]
            if edges.bundles is None:
                edges.bundles = Bundles()
            edges.bundles.add(sources, target)

    def neighbours(self, node: int, edge: str) -> Sequence[int]:
        """Where an edge leads, by forward or inverse name, in order of making (repeats possible); edges kept as sets last."""
        edges = self._edges.get(edge)
        forward = edges is not None
        if edges is None:
            edges = self._edges[self._inverse[edge]]
        listed = _NO_NODES
        if edges.sources:
            starts, ends = (edges.forward if forward else edges.backward) or self._indexed(edges, forward)
            if node + 1 < len(starts) and (begin := starts[node]) < (end := starts[node + 1]):
                listed = ends[begin:end]
        if edges.bundles is None:
            return listed
        return [*listed, *(edges.bundles.after(node) if forward else edges.bundles.before(node))]

    def _indexed(self, edges: _Edges, forward: bool) -> _Csr:
        if forward:
            found = edges.forward = _csr(edges.sources, edges.targets, len(self._keys))
        else:
            found = edges.backward = _csr(edges.targets, edges.sources, len(self._keys))
        return found

    def first(self, node: int, edge: str) -> int | None:
        """The first neighbour, or None."""
        found = self.neighbours(node, edge)
        return found[0] if found else None

    def pairs(self, edge: str) -> Iterator[tuple[int, int]]:
        """All (source, target) of an edge kind, by forward name, in order of making."""
        edges = self._edges[edge]
        listed = zip(edges.sources, edges.targets, strict=True)
        return listed if edges.bundles is None else itertools.chain(listed, edges.bundles.pairs())

    def arrived_at(self, edge: str) -> frozenset[int]:
        """Every node that edges of a name, forward or inverse, lead to."""
        forward = edge in self._edges
        edges = self._edges[edge if forward else self._inverse[edge]]
        listed = edges.targets if forward else edges.sources
        bundled = () if edges.bundles is None else edges.bundles.targets() if forward else edges.bundles.sources()
        return frozenset(itertools.chain(listed, bundled))

    def edge_count(self, edge: str) -> int:
        edges = self._edges[edge]
        return len(edges.sources) + (edges.bundles.count if edges.bundles is not None else 0)

    def has_edges(self, name: str) -> bool:
        """Whether any edge of a name, forward or inverse, is there."""
        return self.edge_count(name if name in self._edges else self._inverse[name]) > 0

    def reason(self, source: int, edge: str, target: int) -> str:
        """Why an edge is there, by forward or inverse name; empty for edges as found."""
        if edge in self._edges:
            return self._reasons.get((edge, source, target), "")
        return self._reasons.get((self._inverse[edge], target, source), "")

    def edge_gap(self, source: int, edge: str, target: int) -> int | None:
        """The gap a conditional edge rests on, by forward or inverse name; None when it rests on a condition."""
        if edge in self._edges:
            return self._edge_gaps.get((edge, source, target))
        return self._edge_gaps.get((self._inverse[edge], target, source))

    # -- what could not be read -------------------------------------------------------------------------------

    def add_gap(self, gap: Gap) -> int:
        """The index of a gap, added if new."""
        index = self._gap_index.get(gap)
        if index is None:
            index = self._gap_index[gap] = len(self.gaps)
            self.gaps.append(gap)
        return index

    def mark_gap(self, node: int, edge: str, gap: int) -> None:
        """Says that edges of this name (forward or inverse) may be missing at the node."""
        self.gap_names.add(edge)
        self._node_gaps.setdefault((node, edge), {})[gap] = None

    def gaps_at(self, node: int, edge: str) -> Sequence[int]:
        """Indices of the gaps at a node for an edge name, in order of marking."""
        found = self._node_gaps.get((node, edge))
        return list(found) if found is not None else ()

    def gap_marks(self) -> Iterator[tuple[int, str, Sequence[int]]]:
        """Every (node, edge name, gap indices)."""
        for (node, edge), found in self._node_gaps.items():
            yield node, edge, list(found)

    def mark_unread(self, kind: str, gap: int) -> None:
        """Says that nodes of a kind may exist that nobody could list."""
        if (kind, gap) not in self.unread:
            self.unread[kind, gap] = len(self.unread)
            self._unread_of.setdefault(kind, []).append(gap)

    def unread_gaps(self, *kinds: str) -> list[int]:
        """Gaps of lists of these node kinds that nobody could read, in order of marking."""
        found = [(self.unread[kind, gap], gap) for kind in set(kinds) for gap in self._unread_of.get(kind, ())]
        return [gap for _, gap in sorted(found)]

    # -- chains -----------------------------------------------------------------------------------------------

    def set_chain(self, node: int, chain: Callable[[int], tuple[int, tuple[Step, ...]]]) -> None:
        """How to find the chain that explains a derived node (an opening) to what it leads to: searched when it is shown."""
        self._chains[node] = chain

    def chain(self, node: int, to: int) -> tuple[int, tuple[Step, ...]] | None:
        """Start and steps of the chain that explains a derived node, shown below a finding on the node `to`."""
        found = self._chains.get(node)
        return found(to) if found is not None else None

    # -- inside -----------------------------------------------------------------------------------------------

    def _lines_of(self, node: int) -> dict[str, array[int]]:
        return self._tables[self._kinds[node]].lines

    def _span(self, span: Span) -> int:
        # by identity: one line of a scenario is one object, written onto thousands of nodes, and kept alive by the list
        index = self._span_index.get(id(span))
        if index is None:
            index = self._span_index[id(span)] = len(self.spans)
            self.spans.append(span)
        return index


def _csr(sources: array[int], targets: array[int], count: int) -> _Csr:
    """Start offsets by node and targets sorted by source, order of making kept."""
    from_nodes = numpy.frombuffer(sources, dtype=numpy.int32)
    to_nodes = numpy.frombuffer(targets, dtype=numpy.int32)
    order = numpy.argsort(from_nodes, kind="stable")
    starts = numpy.zeros(count + 1, dtype=numpy.int32)
    numpy.cumsum(numpy.bincount(from_nodes, minlength=count), out=starts[1:])
    return array("i", starts.tobytes()), array("i", to_nodes[order].tobytes())
