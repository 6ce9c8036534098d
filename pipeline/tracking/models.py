"""The trained networks: one a variant and setting, logged, registered and described."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from mlflow.entities import LoggedModel, LoggedModelStatus
from mlflow.models import Model, ModelSignature
from mlflow.types import Schema, TensorSpec

from pipeline import records
from pipeline.datasets import prepared
from pipeline.plan import version
from pipeline.records import Record
from pipeline.science.metrics import recorded
from pipeline.tracking import entries
from pipeline.tracking.ledger import Ledger
from pipeline.tracking.outputs import Cell

VALIDATION = "validation_cross_entropy"
EXAMPLES = 2  # images of the input example


def log(ledger: Ledger, root: Path, cell: Cell, parent: str) -> None:
    """Log the network of a cell under its parent, in place of what is there: images in [0, 1] to logits.

    Of its replicates the one with the lowest validation loss.
    """
    ledger.forget_models(parent)  # one that was interrupted, or one too many
    if not has_one(cell):
        return
    from pipeline.training.backend import import_keras

    import_keras()
    from pipeline.training import models

    run = cell.reported[best(cell)].run
    drawn = prepared.read_split(root, run.setting)
    images = prepared.replicate(prepared.read_images(root, run.source), drawn, run.split).train_images
    image_shape, classes = images.shape[1:], records.read_logits(root, cell.stage, run.key).shape[-1]
    weights = records.read_weights(root, cell.stage, run.key)
    signature = ModelSignature(
        inputs=Schema([TensorSpec(np.dtype(np.float32), (-1, *image_shape))]),
        outputs=Schema([TensorSpec(np.dtype(np.float32), (-1, classes))]),
    )
    Model.log(
        artifact_path=None,
        flavor=_Flavor,
        model=models.restore(run, weights, image_shape, classes),
        run_id=parent,
        # Made here: mlflow would look for its experiment in a run that is active, and the parent is finished.
        model_id=ledger.client.create_logged_model(
            ledger.experiment,
            name=cell.name.replace("/", "-"),
            source_run_id=parent,
            tags={"variant": run.variant, "setting": run.setting, entries.KEY: run.key},
            params=entries.of_cell(cell).params,
        ).model_id,
        signature=signature,
        validate_serving_input=False,  # which would apply the network once more, and print how
        input_example=np.asarray(images[:EXAMPLES], np.float32) / 255,
        # Given, because mlflow would start a process to find them out.
        pip_requirements=[f"{name}=={version(name)}" for name in ("tensorflow", "keras", "numpy")],
    )


class _Flavor:
    """MLflow's Keras flavor, which writes the input example before it makes the folder (3.17)."""

    @staticmethod
    def save_model(path: str, validate_serving_input: bool, **given: Any) -> None:
        Path(path).mkdir(parents=True)
        mlflow.keras.save_model(path=path, **given)


def are_right(cell: Cell, logged: Iterable[LoggedModel]) -> bool:
    """Tell whether what is logged under the parent of a cell is its network, whole, and no other."""
    states = [str(model.status) for model in logged]
    return states == [str(LoggedModelStatus.READY)] * has_one(cell)


def best(cell: Cell) -> int:
    """Return the place of the replicate whose network is logged; the first where nothing is held out."""
    losses = [record.final.get(VALIDATION, 0.0) for record in cell.reported]
    return int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))


def has_one(cell: Cell) -> bool:
    """Tell whether a network of the cell is logged: those of the settings are, not those of questions."""
    return not cell.planned[0].question


def card(cell: Cell) -> str:
    """Return the model card of a cell's network, in markdown."""
    record = cell.reported[best(cell)]
    run = record.run
    return "\n".join(
        [
            f"# {run.variant} in `{run.setting}`",
            "",
            "**Takes** float32 images in [0, 1]. **Gives** a logit a class.",
            "",
            f"**Network**: {run.architecture.described}.",
            f"**Trained on** {run.train_size:,} images of `{run.source}` (training set {run.split}), "
            f"{int(record.final['epochs'])} epochs of {run.optimizer.described}, "
            f"label noise {run.label_noise:g}.",
            "",
            *entries.methods(run),
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
    if VALIDATION in record.final:
        return "by the lowest validation loss"
    return "as the first, for nothing is held out,"


def _scores(record: Record) -> str:
    return ", ".join(
        f"{metric.label} {metric.written(record.final[metric.name])} {metric.unit}".rstrip()
        for metric in recorded()
        if metric.name in record.final
    )
