"""DVC and MLflow agree: what differs between them, and how it is mended."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from mlflow.entities import Run as Logged

from pipeline.system.errors import UserError
from pipeline.tracking import entries, models, outputs, recorder, registry, study
from pipeline.tracking.entries import Entry
from pipeline.tracking.ledger import CURRENT, Ledger, LoggedCell, is_workspace, now, points
from pipeline.tracking.outputs import Cell

Curves = Mapping[str, Mapping[str, list[tuple[int, float]]]]  # (epoch, value) by run id and key


def verify(root: Path) -> tuple[int, list[str]]:
    """Return how many Keras runs DVC keeps, and a line for everything in which MLflow's store differs.

    All of it is compared: how many runs there are, their names, states, tags and parameters, every final
    value, every point of every curve; the means, models and aliases; what lies on disk with `dvc.lock`.
    """
    with _dvc_status(root) as status:  # which takes as long as reading the store
        problems, count = _disagreements(root)
        return count, [*problems, *_out_of_date(status)]


def _disagreements(root: Path) -> tuple[list[str], int]:
    """Return what the store says otherwise than DVC's outputs, and how many Keras runs these hold."""
    cells, problems = _cells(root)
    ledger = Ledger()
    by_key = _by_key(ledger)
    curves = _curves(ledger, by_key)
    networks = ledger.models()
    problems += registry.disagreements(ledger, {key: twins[0] for key, twins in by_key.items()}, cells)
    for cell in cells:
        twins = by_key.pop(cell.key, [])
        if len(twins) != 1:
            problems.append(f"{cell.name}: expected one run in MLflow, found {len(twins)}")
        for logged in twins:
            problems += differences(cell, logged, curves)
            if not models.are_right(cell, networks.get(logged.parent.info.run_id, ())):
                problems.append(
                    f"{cell.name}: expected {int(models.has_one(cell))} logged model, found others"
                )
            if any(run.data.tags.get(CURRENT) != "true" for run in logged.runs):
                problems.append(f"{cell.name}: expected runs that are marked as current, found others")
    for logged in itertools.chain(*by_key.values()):
        if logged.is_current:
            problems.append(f"{logged.parent.info.run_name}: marked as current, but DVC keeps no such runs")
    problems += [f"{run.info.run_name}: RUNNING" for run in ledger.search("attributes.status = 'RUNNING'")]
    problems += study.missing(ledger, root)
    return problems, sum(len(cell.finished) for cell in cells)


def sync(root: Path, wrote: Callable[[str], object] = lambda name: None) -> list[str]:
    """Make MLflow's store say what DVC keeps; return the cells that it wrote, and tell `wrote` of each.

    Where they agree nothing is written, so it may be repeated, and interrupted anywhere. Runs of other
    revisions stay, marked as not current. Raises UserError, when the rest is done, for outputs that are
    missing or are not those that are planned.
    """
    cells, problems = _cells(root)
    ledger = Ledger()
    ledger.close_stale()
    by_key = _by_key(ledger)
    curves = _curves(ledger, by_key)
    written = []
    for cell in cells:
        twins = by_key.get(cell.key, [])
        right = next((logged for logged in twins if not any(differences(cell, logged, curves))), None)
        for logged in twins:
            if logged is not right:
                ledger.forget(logged)
        if right:
            ledger.mark(right.runs, current=True)
        else:
            _write(ledger, cell)
            written.append(cell.name)
            wrote(cell.name)
    publish_networks(root)
    publish_reports(root)
    if problems:
        raise UserError("\n".join(problems))
    return written


def publish_networks(root: Path) -> None:
    """Log the networks, and register them where every cell is recorded."""
    ledger = Ledger()
    cells, problems = _cells(root)
    logged_cells = {logged.key: logged for logged in ledger.logged_cells()}
    networks = ledger.models()
    for cell in (cell for cell in cells if cell.key in logged_cells):
        parent = logged_cells[cell.key].parent.info.run_id
        if not models.are_right(cell, networks.get(parent, ())):
            models.log(ledger, root, cell, parent)
    if is_workspace():
        current = {key: logged for key, logged in logged_cells.items() if logged.is_current}
        # An alias is a comparison: of a part of the study, as under `mlflow run`, it would name another.
        if all(cell.key in current for cell in cells):
            registry.register(ledger, current, cells)
        if not problems:
            _retire(ledger, current, cells)


def publish_reports(root: Path) -> None:
    """Log the reports as they are now."""
    study.publish(Ledger(), root)


def differences(cell: Cell, logged: LoggedCell, curves: Curves) -> Iterator[str]:
    """Yield what the store says of a cell otherwise than the cell itself, but for the model.

    `curves` has those of its runs, by their ids.
    """
    yield from _compared(entries.of_cell(cell), logged.parent, {})
    children: dict[str, list[Logged]] = {}
    for child in logged.children:
        children.setdefault(child.data.tags.get(entries.KEY, ""), []).append(child)
    for record in cell.finished:
        entry = entries.of_run(record)
        twins = children.pop(record.run.key, [])
        if len(twins) != 1:
            yield f"{entry.name}: expected one run in MLflow, found {len(twins)}"
        for child in twins:
            yield from _compared(entry, child, curves[child.info.run_id])
    for child in itertools.chain(*children.values()):
        yield f"{child.info.run_name}: DVC keeps no such run"


def _compared(entry: Entry, run: Logged, curves: Mapping[str, list[tuple[int, float]]]) -> Iterator[str]:
    name = entry.name
    if run.info.run_name != name:
        yield f"{name}: its name: expected {name}, found {run.info.run_name}"
    if run.info.status != "FINISHED":
        yield f"{name}: its status: expected FINISHED, found {run.info.status}"
    for key, value in entry.tags.items():
        if run.data.tags.get(key) != value:
            yield f"{name}: the tag {key}: expected {_short(value)}, found {_short(run.data.tags.get(key))}"
    yield from _of_mapping(name, "the parameter", entry.params, run.data.params)
    final = {key: value for key, value in run.data.metrics.items() if not key.startswith(entries.EPOCH)}
    yield from _of_mapping(name, "the metric", entry.metrics, final)
    expected = {key: list(enumerate(values, start=1)) for key, values in entry.curves.items()}
    for key in sorted(expected.keys() | curves.keys()):
        wanted, logged = expected.get(key, []), curves.get(key, [])
        if len(wanted) != len(logged):
            yield f"{name}: the curve {key}: expected {len(wanted)} points, found {len(logged)}"
        elif any(a[0] != b[0] or not _same(a[1], b[1]) for a, b in zip(wanted, logged, strict=True)):
            yield f"{name}: the curve {key}: expected other values than those found"


def _of_mapping(
    name: str, what: str, expected: Mapping[str, float | str], logged: Mapping[str, float | str]
) -> Iterator[str]:
    for key in sorted(expected.keys() | logged.keys()):
        wanted, received = expected.get(key), logged.get(key)
        if wanted is None or received is None or not _same(wanted, received):
            yield f"{name}: {what} {key}: expected {wanted}, found {received}"


def _same(expected: float | str, logged: float | str) -> bool:
    if isinstance(expected, float) and isinstance(logged, float) and math.isnan(expected):
        return math.isnan(logged)
    return expected == logged


def _short(value: str | None) -> str:
    return "none" if value is None else repr(value if len(value) < 50 else f"{value[:47]}...")


def _write(ledger: Ledger, cell: Cell) -> None:
    parent = recorder.begin(ledger, cell)
    for record in cell.finished:
        moment = now()
        entry = entries.of_run(record)
        identity = ledger.begin(entry, parent, moment)
        ledger.saw(identity, record.run)
        ledger.end(identity, entry, moment, points(entry.curves, moment, moment))
    ledger.end(parent, entries.of_cell(cell))


def _retire(ledger: Ledger, current: Mapping[str, LoggedCell], cells: Iterable[Cell]) -> None:
    """Mark the runs of other revisions as not current, those of a variant that was taken away among them."""
    kept = {cell.key for cell in cells}
    for key, logged in current.items():
        if key not in kept:
            ledger.mark(logged.runs, current=False)


def _by_key(ledger: Ledger) -> dict[str, list[LoggedCell]]:
    by_key: dict[str, list[LoggedCell]] = {}
    for logged in ledger.logged_cells():
        by_key.setdefault(logged.key, []).append(logged)
    return by_key


def _curves(ledger: Ledger, by_key: Mapping[str, Iterable[LoggedCell]]) -> Curves:
    return ledger.curves(
        [child for twins in by_key.values() for logged in twins for child in logged.children]
    )


def _cells(root: Path) -> tuple[list[Cell], list[str]]:
    """Return the cells of every stage, and a line for every stage whose outputs are not whole."""
    cells: list[Cell] = []
    problems = []
    for stage in outputs.stages(root):
        try:
            cells += outputs.read(root, stage)
        except UserError as error:
            problems.append(str(error))
    return cells, problems


def _dvc_status(root: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _out_of_date(status: subprocess.Popen[str]) -> Iterator[str]:
    """Yield the training stages whose outputs are not those that `dvc.lock` names."""
    output, errors = status.communicate()
    if status.returncode:
        raise UserError(f"dvc status: expected an answer, received {errors.strip()[-300:] or 'none'}")
    for stage, changes in json.loads(output).items():
        for change in changes:
            for path, state in change.get("changed outs", {}).items() if isinstance(change, dict) else ():
                if path.startswith("results/"):
                    yield f"{stage}: expected {path} as dvc.lock has it, found it {state}"
