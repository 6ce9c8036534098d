"""The descriptions of runs, in markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline import regularizers
from pipeline.plan import Run
from pipeline.science.levels import PERCENT
from pipeline.science.metrics import METRICS
from pipeline.tracking.study import summary
from pipeline.tracking.study.outputs import Cell


def of_run(run: Run) -> str:
    """Return what a Keras run is, and where DVC has it."""
    kind = "A replicate of" if run.trial is None else f"A trial of candidate {run.trial + 1} of"
    return (
        f"{kind} `{run.cell}`: training set `{run.training_set}`, initialisation {run.init}.\n\n"
        f"In `results/runs/` its run key is `{run.key}`: equal keys, equal bits on one class of processor."
    )


def of_cell(cell: Cell, metrics: Mapping[str, float], tried: str) -> str:
    """Return what a cell is, the means of its runs, and how its strength was chosen."""
    run = cell.reported[0].run if cell.reported else cell.planned[0]
    what = [f"**{run.variant}** in the setting `{run.setting}`"]
    if run.question:
        what += [*filter(None, [run.label]), f"for the question {run.question}"]
    lines = [f"{', '.join(what)}.", "", *methods(run)]
    if means := list(_means(metrics)):
        lines += ["", f"Means over {len(cell.reported)} runs, with {PERCENT} intervals:", "", *means]
    if tried and cell.choice is not None:
        losses = ", ".join(f"{loss:.4f}" for loss in cell.choice.losses)
        lines += [
            "",
            f"Chosen: {tried}, by the validation cross-entropy of trials on other training sets "
            f"({losses} nats).",
        ]
    return "\n".join(lines)


def methods(run: Run) -> Iterable[str]:
    """Return a line of markdown for every regularizer of a run: its strengths, what it is, its formula."""
    if not run.regularizers:
        yield "No regularizer: what the others are compared with."
    for name, fields in run.regularizers.items():
        kind = regularizers.discover()[name]
        what = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
        yield f"- `{name}` ({', '.join(f'{key} {value:g}' for key, value in fields.items())}): {what}"


def _means(metrics: Mapping[str, float]) -> Iterable[str]:
    """Return a line for every mean of a cell: its value and the limits of that."""
    for metric in METRICS.values():
        name = summary.name_of(metric)
        if name not in metrics:
            continue
        low, high = metrics.get(f"{summary.LOW}{name}"), metrics.get(f"{summary.HIGH}{name}")
        shown = f"{metrics[name]:.{metric.digits}f}"
        limits = (
            "" if low is None or high is None else f" [{low:.{metric.digits}f}, {high:.{metric.digits}f}]"
        )
        yield f"- {metric.label}: {shown}{limits} {metric.unit}".rstrip()
