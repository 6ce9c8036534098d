"""Stages baseline and variant@<name>: train every planned run of one variant."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pipeline import guard, params, plan, records
from pipeline.checkout import ROOT
from pipeline.data import prepared
from pipeline.errors import UserError, reports_errors
from pipeline.progress import progress
from pipeline.training import fanout
from pipeline.training.backend import import_keras

if TYPE_CHECKING:
    from pipeline import tracking


@reports_errors
def main() -> None:
    """Train, log each run to MLflow as it is finished, and write the results."""
    if len(sys.argv) != 2:
        raise UserError("usage: python -m pipeline.stages.train VARIANT")
    variant = sys.argv[1]
    guard.die_with_parent()
    guard.end_on_sigterm()
    params.load(ROOT / "params.yaml")
    runs = plan.read(ROOT / records.PLANS / f"{variant}.json")
    with fanout.training(ROOT, runs) as results:
        # While the workers start. The models are logged from this process, so it needs Keras as well.
        import_keras()
        from pipeline import tracking

        finished: dict[str, records.Result] = {}
        with tracking.Recorder(variant, runs) as recorder, progress(variant, len(runs)) as advance:
            for result in results:
                recorder.record(result)
                finished[result.run.key] = result
                advance()
                setting = [run.key for run in runs if run.setting == result.run.setting]
                if finished.keys() >= set(setting):  # the workers train on meanwhile
                    _log_model(recorder, min((finished[key] for key in setting), key=_rank))
    records.write(ROOT, variant, [finished[run.key] for run in runs])
    records.release(ROOT, runs)


def _rank(result: records.Result) -> tuple[float, int, int]:
    """The lowest validation loss first; the first replicate where none is held out."""
    return result.final.get("validation_cross_entropy", 0.0), result.run.split, result.run.init


def _log_model(recorder: tracking.Recorder, result: records.Result) -> None:
    from pipeline.training import models

    image_shape, classes = (
        prepared.read_images(ROOT).train_images.shape[1:],
        result.logits.shape[-1],
    )
    model = models.restore(result.run, result.weights, image_shape, classes)
    recorder.log_model(result.run, model, image_shape, classes)


if __name__ == "__main__":
    main()
