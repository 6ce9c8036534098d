"""Stages baseline and variant@<name>: train all that anybody needs of one variant."""

from __future__ import annotations

import sys

from pipeline import plan, records
from pipeline.records import Result, earlier
from pipeline.system import guard
from pipeline.system.checkout import ROOT
from pipeline.system.errors import UserError, reports_errors
from pipeline.training import fanout, tuned, tuning
from pipeline.training.progress import Estimate, elsewhere, progress


@reports_errors
def main() -> None:
    """Take over what was trained before, train the rest, log each run to MLflow, and write the results."""
    if len(sys.argv) != 2:
        raise UserError("usage: python -m pipeline.stages.train STAGE")
    stage = sys.argv[1]
    guard.die_with_parent()
    guard.end_on_sigterm()
    with fanout.workers(ROOT) as train:  # which start while this process reads and imports
        planned = plan.read(ROOT / records.PLANS / f"{stage}.json")
        taken = earlier.take_over(ROOT, stage, plan.every_run(planned))
        from pipeline import tracking

        estimate = Estimate(stage, planned, elsewhere(ROOT, stage))
        finished: dict[str, Result] = {}
        with tracking.Recorder(stage, planned) as recorder, progress(estimate) as advance:
            for event in tuned.trained(planned, train):
                recorder.record(event)
                if isinstance(event, Result):
                    finished[event.run.key] = event
                    advance(event)
            records.write(ROOT, stage, planned, tuning.choose(planned, finished), finished)
            recorder.finish(ROOT)
    if used := len(taken & finished.keys()):
        print(f"{stage}: {used} of {len(finished)} runs taken over from earlier results, not trained again")
    records.release(ROOT, plan.every_run(planned))


if __name__ == "__main__":
    main()
