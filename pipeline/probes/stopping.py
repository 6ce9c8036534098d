"""Early stopping against the best epoch in hindsight, what it memorises, and how long dropout trains.

The rule is applied to the full histories of the baseline: until it stops, early stopping is the baseline.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipeline.data import prepared
from pipeline.params import BASELINE
from pipeline.probes.study import Study, scaled
from pipeline.records import Record
from pipeline.science import stopping
from pipeline.science.network import Network

STOPPING, DROPOUT = "early_stopping", "dropout"
PATIENCE = (1, 2, 3, 5, 7, 10, 15, 20)
CRITERIA = ("cross_entropy", "error")
LAST = 5  # epochs at the end of a history whose mean is where it ended
TOLERANCE = 0.05  # of the baseline's best validation loss: the target that dropout is timed to


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `stops`, `rises`, `memorised` and `duration`, a row a run (and criterion, patience, variant).

    Errors in points, losses in nats, regrets against the lowest value of the whole history; shares of the
    wrong labels in [0, 1].
    """
    settings = [name for name, setting in study.params.settings.items() if setting.validation_size]
    has = {part: {r.run.setting for r in study.records(part)} for part in study.params.variants}
    stops, rises, memorised, duration = [], [], [], []
    for setting in settings:
        baseline = study.cell(BASELINE, f"{setting}/{BASELINE}")
        for record in filter(_watched, baseline):
            stops += _stops(record)
        if setting in has.get(STOPPING, ()):
            stopped = study.cell(STOPPING, f"{setting}/{STOPPING}")
            patience = stopped[0].run.regularizers["early_stopping"]["patience"]
            rises += [_rise(record, patience) for record in filter(_watched, baseline)]
            own = study.params.settings[setting]
            if own.label_noise and own.splits > 1:  # else no images are wrongly labelled and never seen
                for part, listed in ((BASELINE, baseline), (STOPPING, stopped)):
                    memorised += _memorised(study, setting, part, listed)
        if setting in has.get(DROPOUT, ()):
            dropped = study.cell(DROPOUT, f"{setting}/{DROPOUT}")
            pairs = zip(filter(_watched, baseline), filter(_watched, dropped), strict=True)
            duration += [row for pair in pairs for row in _duration(*pair)]
    return {
        "stops": pd.DataFrame(stops),
        "rises": pd.DataFrame(rises, columns=[*AT, "restored", "loss_rise", "error_rise"]),
        "memorised": pd.DataFrame(memorised, columns=[*AT, "variant", "seen", "unseen"]),
        "duration": pd.DataFrame(duration, columns=[*AT, "variant", "epochs", "reached", "best_epoch"]),
    }


def metrics(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return, by setting, the regrets of the criteria at a patience of 5, and what was memorised."""
    found: dict[str, Any] = {}
    stops = tables["stops"][tables["stops"].patience == 5]
    names = ["loss_regret", "error_regret", "epochs_saved"]
    for (setting, criterion), row in stops.groupby(["setting", "criterion"])[names].mean().iterrows():
        found.setdefault(setting, {})[criterion] = {k: round(float(v), 4) for k, v in row.items()}
    for (setting, variant), seen in tables["memorised"].groupby(["setting", "variant"]).seen.mean().items():
        found[setting][f"memorised_{variant}"] = round(float(seen), 4)
    return found


def _at(record: Record) -> dict[str, Any]:
    return {"setting": record.run.setting, "split": record.run.split, "init": record.run.init}


def _watched(record: Record) -> bool:
    return record.run.curves


def _curves(record: Record) -> tuple[np.ndarray, np.ndarray]:
    history = record.history
    return history["validation_cross_entropy"], 100.0 * history["validation_error"]


def _stops(record: Record) -> list[dict[str, Any]]:
    loss, error = _curves(record)
    rows = []
    for criterion, values in zip(CRITERIA, (loss, error), strict=True):
        best = stopping.best_epoch(values)
        for patience in PATIENCE:
            stop = stopping.stop(values, patience)
            rows.append(
                _at(record)
                | {"criterion": criterion, "patience": patience, "stopped": stop.stopped}
                | {"restored": stop.restored, "best_epoch": best, "epochs_saved": len(values) - stop.stopped}
                | {"loss_regret": loss[stop.restored - 1] - loss.min()}
                | {"error_regret": error[stop.restored - 1] - error.min()}
            )
    return rows


def _rise(record: Record, patience: int) -> dict[str, Any]:
    loss, error = _curves(record)
    place = stopping.stop(loss, patience).restored - 1
    return _at(record) | {
        "restored": place + 1,
        "loss_rise": loss[-LAST:].mean() / loss[place] - 1.0,
        "error_rise": error[-LAST:].mean() - error[place],
    }


def _memorised(study: Study, setting: str, part: str, listed: list[Record]) -> list[dict[str, Any]]:
    """Return the share of wrong labels that a network puts out, of images it trained on and of others."""
    weights = study.weights(part, f"{setting}/{part}")
    sets = study.params.settings[setting].splits
    rows = []
    for number, record in enumerate(listed):
        own = {path: values[number] for path, values in weights.items()}
        network = Network.of(own, record.run.activation)
        shares = [
            _wrong_share(study, setting, network, split)
            for split in (record.run.split, (record.run.split + 1) % sets)
        ]
        rows.append(_at(record) | {"variant": part, "seen": shares[0], "unseen": shares[1]})
    return rows


def _wrong_share(study: Study, setting: str, network: Network, split: int) -> float:
    data = study.replicate(setting, split)
    drawn = prepared.read_split(study.root, setting).train[split]
    wrong = prepared.read_images(study.root).train_labels[drawn] != data.train_labels
    logits = network.logits(scaled(data.train_images[wrong]))
    return float((logits.argmax(axis=1) == data.train_labels[wrong]).mean())


def _duration(baseline: Record, dropout: Record) -> list[dict[str, Any]]:
    target = (1.0 + TOLERANCE) * baseline.history["validation_cross_entropy"].min()
    rows = []
    for record in (baseline, dropout):
        loss = record.history["validation_cross_entropy"]
        epochs, reached = stopping.epochs_to(loss, target)
        best = stopping.best_epoch(loss)
        own = {"variant": record.run.variant, "epochs": epochs, "reached": reached, "best_epoch": best}
        rows.append(_at(record) | own)
    return rows


AT = ["setting", "split", "init"]
