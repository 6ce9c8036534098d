"""Where the numbers of the report come from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline import plan, records
from pipeline.datasets import prepared
from pipeline.params import Params
from pipeline.system.checkout import dirty, source_commit

LIBRARIES = ("tensorflow", "keras", "mlflow", "dvc", "numpy", "scipy", "pandas", "seaborn")

# What a claim is and when it holds. A change of a figure or of words is none of the rules.
RULES = ("pipeline/questions/*/claims.py", "pipeline/science/verdicts.py")


def values(root: Path, study: Params) -> dict[str, Any]:
    """Return what the template says of the origin of the numbers.

    `provenance` holds runs, processors, code, data, seeds and versions, a row each; `processors` the classes
    of processor that trained the runs, the one with the most first; `rules` the commit of the claims' rules.
    """
    trained = records.processors(root, study.stages).most_common()
    classes = ", ".join(f"{_cell(name)} ({count:,} runs)" for name, count in trained)
    digests = prepared.read_digests(root)
    table = {
        **_runs(root, study),
        "processors" if len(trained) > 1 else "processor": classes,
        "code and parameters": _commit(),
        **_data(root, study),
        **{f"data of `{name}`, sha256": f"`{_joined(digests[name])[:16]}…`" for name in study.settings},
        **{f"seed of `{name}`": str(setting.seed) for name, setting in study.settings.items()},
        "seed of the held-out images": str(study.data.seed),
        "versions": ", ".join(f"{library} {plan.version(library)}" for library in LIBRARIES),
    }
    rules = source_commit(paths=RULES)[:12]
    return {"provenance": table, "processors": [name for name, _ in trained], "rules": rules}


def _commit() -> str:
    """Return the commit of code and parameters, and whether they were changed since."""
    commit = source_commit()
    return f"commit `{commit[:12]}`{', changed since' if dirty() else ''}" if commit else "not in git"


def _runs(root: Path, study: Params) -> dict[str, str]:
    """Return how many runs were trained for what; one that several cells share counts once."""
    of_variants = of_questions = to_choose = 0
    for stage in study.stages:
        cells = records.cells(root, stage).values()
        reported = [record.run for cell in cells for record in cell.reported]
        settings = {run.key for run in reported if not run.question}
        of_variants += len(settings)
        of_questions += len({run.key for run in reported} - settings)
        to_choose += len({record.run.key for cell in cells for record in cell.trials})
    return {
        "Keras runs of the variants": f"{of_variants:,}",
        "Keras runs of the questions": f"{of_questions:,}",
        "Keras runs to choose by": f"{to_choose:,}",
    }


def _data(root: Path, study: Params) -> dict[str, str]:
    """Return a row for every source of images, which names its settings where there are several sources.

    And one for what was changed of the images when they were read.
    """
    settings: dict[str, list[str]] = {}
    for name, setting in study.settings.items():
        settings.setdefault(setting.data, []).append(f"`{name}`")
    rows = {}
    for source, names in settings.items():
        images = prepared.read_images(root, source)
        shape = " x ".join(str(length) for length in images.train_images.shape[1:])
        rows["data" if len(settings) == 1 else f"data of {', '.join(names)}"] = (
            f"{_cell(source)}: {len(images.train_labels):,} training and "
            f"{len(images.test_labels):,} test images of {shape}, "
            f"{1 + int(images.train_labels.max())} classes"
        )
        if notes := prepared.read_notes(root, source):
            rows[f"changed of {_cell(source)}"] = "; ".join(note.replace("|", "\\|") for note in notes)
    return rows


def _cell(text: str) -> str:
    """Return a text as code in a cell of a table, which a bar would end."""
    return "`{}`".format(text.replace("|", "\\|"))


def _joined(digests: Iterable[str]) -> str:
    """Return one sha256 of those of a setting's training sets."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()
