"""Which candidate was chosen, as a person says it: `0.65, third of four candidates`."""

from __future__ import annotations

from pipeline.plan import Run
from pipeline.tracking.study.outputs import Cell

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
COUNTS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def chosen(cell: Cell) -> str:
    """Return the values that were chosen and their place among the candidates; "" where there was one."""
    if cell.choice is None or len(cell.choice.losses) < 2 or not cell.reported:
        return ""
    place, count = cell.choice.candidate, len(cell.choice.losses)
    tried = [_values(record.run) for record in cell.trials] or [_values(cell.reported[0].run)]
    values = _values(cell.reported[0].run)
    told = {name: value for name, value in values.items() if any(t.get(name) != value for t in tried)}
    shown = [f"{value:g}" if isinstance(value, float | int) else str(value) for value in told.values()]
    if len(told) > 1:
        shown = [f"{name} {value}" for name, value in zip(told, shown, strict=True)]
    ordinal = ORDINALS[place] if place < len(ORDINALS) else f"number {place + 1}"
    counted = COUNTS[count - 2] if count - 2 < len(COUNTS) else str(count)
    return f"{', '.join([*shown, ordinal])} of {counted} candidates"


def _values(run: Run) -> dict[str, object]:
    """Return what candidates may differ in: the strengths, or the baseline's epochs and learning rate."""
    strengths = {f"{name}.{key}": v for name, fields in run.regularizers.items() for key, v in fields.items()}
    return strengths | {"epochs": run.epochs, "learning rate": run.optimizer.learning_rate}
