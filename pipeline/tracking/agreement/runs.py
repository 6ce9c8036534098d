"""What the runs of a store say otherwise than their entries, and how each difference is mended."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlflow.entities import Metric
from mlflow.entities import Run as Logged

from pipeline.tracking.agreement import artifacts, store
from pipeline.tracking.agreement.entities import dataset, now, tags_of
from pipeline.tracking.agreement.entry import Drawn, Entry
from pipeline.tracking.agreement.ledger import Ledger

Points = Mapping[str, Sequence[tuple[int, float]]]  # (epoch, value) by the name of the curve


@dataclass
class Compared:
    """A run beside its entry: a line for everything that differs, and what mends it in place.

    `broken` is a run that MLflow lets nobody mend: another value of a parameter, or of a point of a curve.
    """

    entry: Entry
    run: Logged
    lines: list[str] = field(default_factory=list)
    broken: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: list[str] = field(default_factory=list)
    points: list[Metric] = field(default_factory=list)
    artifacts: dict[str, Path | Drawn] = field(default_factory=dict)
    calls: list[Callable[[Ledger], object]] = field(default_factory=list)

    def mend(self, ledger: Ledger) -> None:
        """Let the run say what its entry says. What somebody else has added stays."""
        identity = self.run.info.run_id
        points = [*self.points, *(_later(ledger, identity, name, self.entry) for name in self.metrics)]
        ledger.log(self.entry.name, identity, self.tags, self.params, points)
        artifacts.write(ledger.client, identity, self.artifacts)
        for call in self.calls:
            call(ledger)

    def differs(self, what: str) -> None:
        """Add a line."""
        self.lines.append(f"{self.entry.name}: {what}")


def compared(entry: Entry, run: Logged, curves: Points) -> Compared:
    """Compare a run with its entry: whatever the entry names, and nothing else."""
    result = Compared(entry, run)
    identity = run.info.run_id
    if run.info.run_name != entry.name:
        result.differs(f"its name: expected {entry.name}, found {run.info.run_name}")
        result.calls.append(lambda ledger: ledger.client.update_run(identity, name=entry.name))
    if run.info.status != "FINISHED":
        result.differs(f"its status: expected FINISHED, found {run.info.status}")
        end = run.info.end_time or now()
        result.calls.append(lambda ledger: ledger.client.set_terminated(identity, "FINISHED", end))
    _compare_tags(result)
    for name, value in entry.params.items():
        found = run.data.params.get(name)
        if found != value:
            result.differs(f"the parameter {name}: expected {value}, found {found}")
            result.params[name] = value
            result.broken |= found is not None
    for name, number in entry.metrics.items():
        if not _same(number, run.data.metrics.get(name)):
            result.differs(f"the metric {name}: expected {number}, found {run.data.metrics.get(name)}")
            result.metrics.append(name)
    for name, values in entry.curves.items():
        _compare_curve(result, name, values, curves.get(name, ()))
    if entry.data and not _has(run, entry):
        result.differs(f"the data set {entry.data.name}: expected digest {entry.data.digest}, found others")
        given = [dataset(entry.data)]
        result.calls.append(lambda ledger: ledger.client.log_inputs(identity, given))
    for path, wrong in artifacts.differing(entry.artifacts, run).items():
        result.differs(f"the artifact {path}: {wrong}")
        result.artifacts[path] = entry.artifacts[path]
    return result


def _compare_tags(result: Compared) -> None:
    logged, whose = result.run.data.tags, store.whose(result.run.data.tags)
    for name, value in tags_of(result.entry).items():
        if logged.get(name) == value or (name in (store.NOTE, store.NOTE_DIGEST) and whose == "theirs"):
            continue
        if name != store.NOTE_DIGEST:
            result.differs(f"the tag {name}: expected {_short(value)}, found {_short(logged.get(name))}")
        result.tags[name] = value


def _compare_curve(
    result: Compared, name: str, values: Sequence[float], logged: Sequence[tuple[int, float]]
) -> None:
    expected = list(enumerate(values, start=1))
    if len(expected) == len(logged) and all(
        a[0] == b[0] and _same(a[1], b[1]) for a, b in zip(expected, logged, strict=True)
    ):
        return
    if len(expected) != len(logged):
        result.differs(f"the curve {name}: expected {len(expected)} points, found {len(logged)}")
    else:
        result.differs(f"the curve {name}: expected other values than those found")
    steps = [step for step, _ in logged]
    known = dict(expected)
    right = len(set(steps)) == len(steps) and all(
        step in known and _same(known[step], value) for step, value in logged
    )
    result.broken |= not right
    missing = {step: known[step] for step in known.keys() - set(steps)}
    result.points += [Metric(name, value, now(), step) for step, value in sorted(missing.items())]


def _has(run: Logged, entry: Entry) -> bool:
    seen = run.inputs.dataset_inputs if run.inputs else []
    data = entry.data
    return data is None or any(
        (given.dataset.name, given.dataset.digest) == (data.name, data.digest) for given in seen
    )


def _later(ledger: Ledger, run: str, name: str, entry: Entry) -> Metric:
    """Return the final value as MLflow takes it for the latest: after all that was logged under its name."""
    last = max(
        ((point.step, point.timestamp) for point in ledger.client.get_metric_history(run, name)),
        default=(0, 0),
    )
    return Metric(name, entry.metrics[name], max(now(), last[1] + 1), last[0])


def _same(expected: float, logged: float | None) -> bool:
    if logged is not None and math.isnan(expected):
        return math.isnan(logged)
    return expected == logged


def _short(value: str | None) -> str:
    return "none" if value is None else repr(value if len(value) < 50 else f"{value[:47]}...")
