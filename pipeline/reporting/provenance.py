"""Where the numbers of the report come from."""

from __future__ import annotations

from pathlib import Path

from pipeline import plan, records
from pipeline.checkout import dirty, source_commit
from pipeline.data import prepared
from pipeline.params import TRAINED, Params

LIBRARIES = ("tensorflow", "keras", "mlflow", "dvc", "numpy", "scipy", "pandas", "seaborn")


def table(root: Path, study: Params) -> dict[str, str]:
    """Return what the report was made of: runs, code, data, seeds and versions."""
    planned = {part: plan.read(root / records.PLANS / f"{part}.json") for part in study.parts}
    trials = {part: len(plan.trials(one)) for part, one in planned.items()}
    reported = {part: plan.count(one) - trials[part] for part, one in planned.items()}
    source = study.data.source.replace("|", "\\|")  # a bar would end the cell
    digests, images = prepared.read_digests(root), prepared.read_images(root)
    shape = " x ".join(str(length) for length in images.train_images.shape[1:])
    return {
        "Keras runs of the variants": f"{sum(n for part, n in reported.items() if part not in TRAINED):,}",
        "Keras runs of the probes": f"{sum(reported[part] for part in TRAINED):,}",
        "Keras runs to choose by": f"{sum(trials.values()):,}",
        "code and parameters": f"commit `{source_commit()[:12]}`{', changed since' if dirty() else ''}",
        "data": (
            f"`{source}`: {len(images.train_labels):,} training and {len(images.test_labels):,} "
            f"test images of {shape}, {1 + int(images.train_labels.max())} classes"
        ),
        **{f"data of `{name}`, sha256": f"`{digests[name][:16]}…`" for name in study.settings},
        **{f"seed of `{name}`": str(setting.seed) for name, setting in study.settings.items()},
        "seed of the held-out images": str(study.data.seed),
        "versions": ", ".join(f"{library} {plan.version(library)}" for library in LIBRARIES),
    }
