"""Stage plan: check `params.yaml` whole, and resolve what settings and questions ask for into runs.

A plan names all that its runs depend on, the code of their regularizers included; DVC sees from it which
training stages a change concerns.
"""

from __future__ import annotations

import itertools
import sys

from pipeline import plan, questions, records
from pipeline.datasets import prepared
from pipeline.evaluation import reads
from pipeline.questions import power
from pipeline.records import files, unfinished
from pipeline.system.checkout import ROOT
from pipeline.system.errors import reports_errors
from pipeline.system.files import read_table


@reports_errors
def main() -> None:
    """Write a plan for every training stage, and which stages each question reads."""
    params = questions.load(ROOT / "params.yaml")
    asked = questions.asked(params)
    cells = itertools.chain(plan.of_settings(params), *(question.cells(params) for question in asked))
    planned = plan.resolve(params.stages, cells, prepared.read_digests(ROOT))
    plan.write(ROOT / records.PLANS, planned)
    reads.write(ROOT, {question.name: question.reads(params) for question in asked})
    files.prune(ROOT, planned)
    unfinished.prune(ROOT, planned)
    print(f"{'asked for by':<16}{'cells':>6}{'runs':>7}{'about, seconds of one core':>29}")
    for name, count, runs, seconds in plan.budget(planned.values()):
        print(f"{name:<16}{count:>6}{runs:>7}{seconds:>29.0f}")
    if said := power.warning(power.planned(read_table(ROOT / power.FILE), params)):
        print(f"warning: {said}", file=sys.stderr)


if __name__ == "__main__":
    main()
