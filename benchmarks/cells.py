"""The runs that the benchmarks train, from the study's own plan and data."""

from __future__ import annotations

from pipeline import plan, questions
from pipeline.datasets import prepared
from pipeline.plan import Run
from pipeline.system.checkout import ROOT


def runs(setting: str, variants: list[str], splits: int, inits: int = 1) -> list[Run]:
    """Return the first replicates of some variants in a setting. Needs the prepared data."""
    params = questions.load(ROOT / "params.yaml")
    planned = plan.resolve(params.stages, plan.of_settings(params), prepared.read_digests(ROOT))
    return [
        run
        for variant in variants
        for run in planned[variant][f"{setting}/{variant}"][0].runs  # of the first candidate
        if run.split < splits and run.init < inits
    ]


def replicate(run: Run) -> prepared.Replicate:
    """Return the data of a run."""
    images = prepared.read_images(ROOT, run.source)
    return prepared.replicate(images, prepared.read_split(ROOT, run.setting), run.split)
