"""The trained networks: one a variant and setting, logged, registered and described."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.types import Schema, TensorSpec

from pipeline import params, records
from pipeline.datasets import prepared
from pipeline.evaluation import champion
from pipeline.plan import version
from pipeline.records import Record
from pipeline.science.metrics import METRICS, recorded
from pipeline.system.errors import UserError
from pipeline.tracking.agreement import ModelEntry, Registered
from pipeline.tracking.study import entries, experiment, notes, summary
from pipeline.tracking.study.outputs import Cell

ERROR = "test_error"
CHAMPION = "champion"
EXAMPLES = 2  # images of the input example
APPLIED = 50  # test images on which a network must give its recorded logits
CLOSE = 1e-3  # absolute and relative: another class of processor adds in another order


def of_cell(root: Path, cell: Cell) -> ModelEntry | None:
    """Return the network of a cell of the settings: that of its replicate with the lowest validation loss."""
    if not has_one(cell):
        return None
    record = cell.reported[best(cell)]
    run = record.run
    return ModelEntry(
        run=entries.of_run(record, root),
        name=cell.name.replace("/", "-"),
        tags={"variant": run.variant, "setting": run.setting, "run_key": run.key},
        registered=name_of(run.setting),
        card=card(cell),
        save=functools.partial(_save, root, cell.stage, record),
    )


def _save(root: Path, stage: str, record: Record, folder: Path, described: Model) -> None:
    """Save a network as MLflow loads it: images in [0, 1] to logits.

    Raises UserError where it does not give the logits that are recorded of its run.
    """
    from pipeline.training.backend import import_keras

    import_keras()
    from pipeline.training import models

    run = record.run
    drawn = prepared.read_split(root, run.setting)
    data = prepared.replicate(prepared.read_images(root, run.source), drawn, run.split)
    images, logits = data.train_images, records.read_logits(root, stage, run.key)
    image_shape, classes = images.shape[1:], logits.shape[-1]
    network = models.restore(run, records.read_weights(root, stage, run.key), image_shape, classes)
    given = network(np.asarray(data.test_images[:APPLIED], np.float32) / 255).numpy()
    if not np.allclose(given, logits[:APPLIED], rtol=CLOSE, atol=CLOSE, equal_nan=True):
        raise UserError(
            f"{run.name}: expected a network that gives the recorded logits of its test images, received "
            f"others, off by up to {np.abs(given - logits[:APPLIED]).max():.3g}; dvc checkout, or dvc repro"
        )
    folder.mkdir(parents=True)  # mlflow writes the input example before it makes the folder
    mlflow.keras.save_model(
        network,
        path=str(folder),
        mlflow_model=described,
        signature=ModelSignature(
            inputs=Schema([TensorSpec(np.dtype(np.float32), (-1, *image_shape))]),
            outputs=Schema([TensorSpec(np.dtype(np.float32), (-1, classes))]),
        ),
        input_example=np.asarray(images[:EXAMPLES], np.float32) / 255,
        # Given, because mlflow would start a process to find them out.
        pip_requirements=[f"{name}=={version(name)}" for name in ("tensorflow", "keras", "numpy")],
    )


def best(cell: Cell) -> int:
    """Return the place of the replicate whose network is logged; the first where nothing is held out."""
    losses = [record.final.get(champion.CHOSEN_BY) for record in cell.reported]
    replicates = {champion.CHOSEN_BY: losses, "place": range(len(losses))}
    return int(champion.best(pd.DataFrame(replicates, dtype=float)).place)


def has_one(cell: Cell) -> bool:
    """Tell whether a network of the cell is logged: those of the settings are, not those of questions."""
    return not cell.planned[0].question


def name_of(setting: str) -> str:
    """Return the name under which the networks of a setting are registered."""
    return f"{experiment.NAME}-{setting}"


def registered(cells: Iterable[Cell]) -> dict[str, Registered]:
    """Return the registered names, and which cell every alias stands for.

    `baseline`, and `champion`: the lowest mean validation loss; never by the test set, and none where
    nothing is held out.
    """
    aliases: dict[str, dict[str, str | None]] = {}
    lowest: dict[str, float] = {}
    settings: dict[str, str] = {}
    for cell in filter(has_one, cells):
        name = name_of(cell.planned[0].setting)
        settings[name] = cell.planned[0].setting
        of_setting = aliases.setdefault(name, {params.BASELINE: None, CHAMPION: None})
        if cell.planned[0].variant == params.BASELINE:
            of_setting[params.BASELINE] = cell.key
        losses = [record.final.get(champion.CHOSEN_BY, math.nan) for record in cell.reported]
        loss = summary.mean(cell.reported, champion.CHOSEN_BY) if np.isfinite(losses).all() else math.inf
        if loss < lowest.get(name, math.inf):
            of_setting[CHAMPION], lowest[name] = cell.key, loss
    return {name: Registered(_about(settings[name]), of_name) for name, of_name in aliases.items()}


def _about(setting: str) -> str:
    return (
        f"The networks of the setting `{setting}`, a version a variant. `{CHAMPION}` has the lowest mean "
        f"validation cross-entropy, where images are held out; `{params.BASELINE}` has no regularizer."
    )


def card(cell: Cell) -> str:
    """Return the model card of a cell's network, in markdown; its test error first."""
    record = cell.reported[best(cell)]
    run, error = record.run, METRICS[ERROR]
    scored = (
        f"{error.written(record.final[ERROR])} {error.unit} test error"
        if ERROR in record.final
        else "A network"
    )
    return "\n".join(
        [
            f"{scored}: {run.variant} in {run.setting}",  # a list of versions shows it as it is
            "",
            "**Takes** float32 images in [0, 1]. **Gives** a logit a class.",
            "",
            f"**Network**: {run.architecture.described}.",
            f"**Trained on** {run.train_size:,} images of `{run.source}` (training set {run.split}), "
            f"{int(record.final['epochs'])} epochs of {run.optimizer.described}, "
            f"label noise {run.label_noise:g}.",
            "",
            *notes.methods(run),
            "",
            f"**Chosen** {_reason(record)} of {len(cell.reported)} replicates; run key `{run.key}`.",
            "",
            f"**Scores of this replicate**: {_scores(record)}.",
            "",
            "**Not for** anything but the comparison of regularizers: it has seen the images of one data "
            "set, and nothing was done for robustness or for images of another kind.",
        ]
    )


def _reason(record: Record) -> str:
    if champion.CHOSEN_BY in record.final:
        return "by the lowest validation loss"
    return "as the first, for nothing is held out,"


def _scores(record: Record) -> str:
    return ", ".join(
        f"{metric.label} {metric.written(record.final[metric.name])} {metric.unit}".rstrip()
        for metric in recorded()
        if metric.name in record.final
    )
