"""Groups of runs beside what a store has of them: each a difference that mends itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mlflow.entities import Run as Logged

from pipeline.tracking.agreement import artifacts
from pipeline.tracking.agreement.entities import (
    CURRENT,
    GROUP_KEY,
    KEY,
    PARENT,
    WRITTEN,
    LoggedGroup,
    is_current,
    now,
    text,
)
from pipeline.tracking.agreement.entry import Contents, Entry, Group, digest_of_runs
from pipeline.tracking.agreement.inherited import inherit
from pipeline.tracking.agreement.ledger import Ledger
from pipeline.tracking.agreement.runs import Compared, Points, compared

CHUNK = 500  # runs whose curves are in memory at a time


@dataclass(frozen=True)
class Difference:
    """What a store says otherwise of a group or a model: a line for each, and a call that mends them all."""

    name: str
    lines: Sequence[str]
    mend: Callable[[], None]


def differences(ledger: Ledger, contents: Contents) -> Iterator[Difference]:
    """Yield a difference for every group that differs, and for what the store has beyond them."""
    by_key: dict[str, list[LoggedGroup]] = {}
    for logged in ledger.groups(contents.among):
        by_key.setdefault(logged.key, []).append(logged)
    for chunk in _chunks(contents.groups):
        twins = {group.entry.key: by_key.pop(group.entry.key, []) for group in chunk}
        if contents.quick:
            chunk = [_parent_alone(group, twins, contents.current) for group in chunk]
        curves = ledger.curves(_wanted(chunk, twins))
        for group in chunk:
            if found := _Mending(ledger, contents.current, group, twins[group.entry.key], curves).found():
                yield found
    if contents.current and contents.whole:
        for left in (logged for several in by_key.values() for logged in several if logged.is_current):
            name = str(left.parent.info.run_name)
            yield Difference(
                name, [f"{name}: marked as current, but no such runs are kept"], _not_current(ledger, left)
            )


def settle(ledger: Ledger, group: Group, *, current: bool) -> None:
    """Let the store have a group once: the oldest of what it has that is right, or can be mended."""
    twins = ledger.groups(f"tags.{GROUP_KEY} = '{group.entry.key}'")
    curves = ledger.curves(_wanted([group], {group.entry.key: twins}))
    _Mending(ledger, current, group, twins, curves).mend()


def vouch(ledger: Ledger, parent: str, group: Group) -> None:
    """Note at a parent that the runs of its group are written, whole; not where a value was refused."""
    if not ledger.refused:
        ledger.client.set_tag(parent, WRITTEN, digest_of_runs(group))


def _parent_alone(group: Group, twins: dict[str, list[LoggedGroup]], current: bool) -> Group:
    """Return the group without runs that were written with just these values; its twin loses them too."""
    key = group.entry.key
    match twins[key]:
        case [twin] if (
            twin.parent.data.tags.get(WRITTEN) == digest_of_runs(group)
            and sorted(run.data.tags[KEY] for run in twin.children) == sorted(run.key for run in group.runs)
            and all(run.info.status == "FINISHED" for run in twin.runs)
            and (not current or all(map(is_current, twin.runs)))
        ):
            twins[key] = [LoggedGroup(twin.parent, ())]
            return replace(group, entry=replace(group.entry, curves={}), runs=())
    return group


class _Mending:
    """One group beside its twins in the store."""

    def __init__(
        self,
        ledger: Ledger,
        current: bool,
        group: Group,
        twins: Sequence[LoggedGroup],
        curves: Mapping[str, Points],
    ) -> None:
        self.ledger, self.current, self.group = ledger, current, group
        self.lines: list[str] = []
        self.curves = curves
        self.parents = self._beside(group.entry, [twin.parent for twin in twins])
        logged: dict[str, list[Logged]] = {}
        for child in (child for twin in twins for child in twin.children):
            logged.setdefault(child.data.tags[KEY], []).append(child)
        self.runs = [(entry, self._beside(entry, logged.pop(entry.key, []))) for entry in group.runs]
        self.strays = [
            run for several in logged.values() for run in several if run.data.tags.get(CURRENT) != text(False)
        ]
        self.lines += [f"{run.info.run_name}: no such run is kept" for run in self.strays]
        named = [beside.run for beside in (*self.parents, *(b for _, several in self.runs for b in several))]
        self.marked = [run for run in named if current and not is_current(run)]
        if self.marked:
            self.lines.append(f"{group.entry.name}: expected runs that are marked as current, found others")

    def found(self) -> Difference | None:
        """Return the difference, if there is one."""
        return Difference(self.group.entry.name, self.lines, self.mend) if self.lines else None

    def _beside(self, entry: Entry, logged: Sequence[Logged]) -> list[Compared]:
        """Return the runs of an entry, compared; the one that is kept first."""
        if len(logged) != 1:
            self.lines.append(f"{entry.name}: expected one run in MLflow, found {len(logged)}")
        several = [compared(entry, run, self.curves.get(run.info.run_id, {})) for run in logged]
        several.sort(key=lambda beside: (beside.broken, len(beside.lines)))
        self.lines += [line for beside in several for line in beside.lines]
        return several

    def mend(self) -> None:
        """Mend in place what can be, write what is missing, and delete what is broken or twice."""
        parent = self._kept(self.group.entry, self.parents, None)
        for entry, several in self.runs:
            self._kept(entry, several, parent)
        self.ledger.mark(self.strays, current=False)
        for beside in self.parents:
            if beside.run.info.run_id != parent:
                self.ledger.forget_run(beside.run.info.run_id)
        if self.runs:
            vouch(self.ledger, parent, self.group)

    def _kept(self, entry: Entry, several: Sequence[Compared], parent: str | None) -> str:
        """Return the run that an entry has from now on; parents that are not kept are deleted at the end."""
        ledger, first = self.ledger, next(iter(several), None)
        if first is not None and not first.broken:
            kept = str(first.run.info.run_id)
            first.mend(ledger)
            ledger.mark([first.run], current=True) if self.current else None
            if parent and first.run.data.tags.get(PARENT) != parent:
                ledger.client.set_tag(kept, PARENT, parent)
        else:
            moment = first.run.info.start_time if first else now()
            kept = ledger.begin(entry, parent, current=self.current, start=moment, group=parent is None)
            ended = (first.run.info.end_time if first else None) or moment + int(1000 * entry.seconds)
            ledger.end(kept, entry, ended)
            artifacts.write(ledger.client, kept, entry.artifacts)
        for other in (beside.run for beside in several if beside.run.info.run_id != kept):
            inherit(ledger, other, kept, entry)
            if parent:
                ledger.forget_run(other.info.run_id)
        return kept


def _chunks(groups: Sequence[Group]) -> Iterator[list[Group]]:
    chunk: list[Group] = []
    for group in groups:
        chunk.append(group)
        if sum(1 + len(some.runs) for some in chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _wanted(chunk: Sequence[Group], twins: Mapping[str, Sequence[LoggedGroup]]) -> dict[str, list[str]]:
    """Return the names of the curves to read of every run."""
    wanted = {}
    for group in chunk:
        entries = {entry.key: entry for entry in group.runs}
        for twin in twins[group.entry.key]:
            of_runs = [(run, entries.get(run.data.tags[KEY])) for run in twin.children]
            for run, entry in [(twin.parent, group.entry), *of_runs]:
                if entry is not None:
                    wanted[run.info.run_id] = [name for name in entry.curves if name in run.data.metrics]
    return wanted


def _not_current(ledger: Ledger, logged: LoggedGroup) -> Callable[[], None]:
    return lambda: ledger.mark(logged.runs, current=False)
