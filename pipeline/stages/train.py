"""Stages baseline, variant@<name> and probe_runs@<name>: train every planned run of one part of the study."""

from __future__ import annotations

import sys

from pipeline import guard, params, plan, records, tuning
from pipeline.checkout import ROOT
from pipeline.errors import UserError, reports_errors
from pipeline.progress import Estimate, elsewhere, progress
from pipeline.records import Result
from pipeline.training import fanout, tuned


@reports_errors
def main() -> None:
    """Train, log each run to MLflow as it is finished, and write the results."""
    if len(sys.argv) != 2:
        raise UserError("usage: python -m pipeline.stages.train PART")
    part = sys.argv[1]
    guard.die_with_parent()
    guard.end_on_sigterm()
    with fanout.workers(ROOT) as train:  # which start while this process reads and imports
        params.load(ROOT / "params.yaml")
        planned = plan.read(ROOT / records.PLANS / f"{part}.json")
        from pipeline import tracking

        estimate = Estimate(part, planned, elsewhere(ROOT, part))
        finished: dict[str, Result] = {}
        with tracking.Recorder(part, planned) as recorder, progress(estimate) as advance:
            for event in tuned.trained(planned, train):
                recorder.record(event)
                if isinstance(event, Result):
                    finished[event.run.key] = event
                    advance(event)
            choices = tuning.choose(planned, finished)
            done = [finished[run.key] for run in (*plan.trials(planned), *tuning.chosen(planned, choices))]
            records.write(ROOT, part, done)
            records.write_choices(ROOT, part, choices)
            recorder.finish(ROOT)
    records.release(ROOT, plan.every_run(planned))


if __name__ == "__main__":
    main()
