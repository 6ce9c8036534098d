"""Stages baseline, variant@<name> and probe_runs@<name>: train every planned run of one part of the study."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline import guard, params, plan, records, tuning
from pipeline.checkout import ROOT
from pipeline.data import prepared
from pipeline.errors import UserError, reports_errors
from pipeline.plan import Plan, Run
from pipeline.progress import progress
from pipeline.records import Result
from pipeline.training import tuned
from pipeline.training.backend import import_keras

if TYPE_CHECKING:
    from pipeline import tracking


@reports_errors
def main() -> None:
    """Train, log each run to MLflow as it is finished, and write the results."""
    if len(sys.argv) != 2:
        raise UserError("usage: python -m pipeline.stages.train PART")
    part = sys.argv[1]
    guard.die_with_parent()
    guard.end_on_sigterm()
    params.load(ROOT / "params.yaml")
    planned = plan.read(ROOT / records.PLANS / f"{part}.json")
    with tuned.training(ROOT, planned) as results:
        # While the workers start. The models are logged from this process, so it needs Keras as well.
        import_keras()
        from pipeline import tracking

        finished: dict[str, Result] = {}
        possible, count = plan.every_run(planned), plan.count(planned)
        with tracking.Recorder(possible) as recorder, progress(part, count) as advance:
            for result in results:
                recorder.record(result)
                finished[result.run.key] = result
                advance()
                best = None if part in params.TRAINED else _best(result.run, planned, finished)
                if best:  # the workers train on meanwhile
                    _log_model(recorder, best)
    choices = tuning.choose(planned, finished)
    done = [finished[run.key] for run in (*plan.trials(planned), *tuning.chosen(planned, choices))]
    records.write(ROOT, part, done)
    records.write_choices(ROOT, part, choices)
    records.release(ROOT, possible)


def _best(run: Run, planned: Plan, finished: Mapping[str, Result]) -> Result | None:
    """Return the result of the cell of `run` whose model is logged, once all that is reported is there."""
    reported = [r for r in finished.values() if r.run.cell == run.cell and r.run.trial is None]
    return min(reported, key=_rank) if len(reported) == len(planned[run.cell][0].runs) else None


def _rank(result: Result) -> tuple[float, int, int]:
    """The lowest validation loss first; the first replicate where none is held out."""
    return result.final.get("validation_cross_entropy", 0.0), result.run.split, result.run.init


def _log_model(recorder: tracking.Recorder, result: Result) -> None:
    from pipeline.training import models

    image_shape, classes = prepared.read_images(ROOT).train_images.shape[1:], result.logits.shape[-1]
    model = models.restore(result.run, result.weights, image_shape, classes)
    recorder.log_model(result.run, model, image_shape, classes)


if __name__ == "__main__":
    main()
