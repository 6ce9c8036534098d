"""Sparsity and spread of the weights, and what pruning costs, at matched validation loss.

On every strength path the strength is taken whose mean validation cross-entropy is nearest to a target
that the paths share: the highest of the paths' lowest values, which each can come close to. The baseline
stands beside as it is. Live weights are those that some training image of the run can move: an input
that is zero throughout leaves its weights to the penalty alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipeline.params import BASELINE
from pipeline.plan import Run
from pipeline.probes.study import Study, scaled, strength
from pipeline.science import diagnostics, pruning
from pipeline.science.network import Network

PART = "strength_paths"  # whose runs are looked at
SHARES = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
IMAGES = 2000  # no more of the test images tell what pruning costs


def measure(study: Study) -> dict[str, pd.DataFrame]:
    """Return `spread`, `pruning` and `spectrum`: a row a run and selection of weights, share, or place.

    Errors in percent; `norm` is Euclidean; singular values are of the first kernel, largest first.
    """
    spread, pruned, spectrum = [], [], []
    images, labels = study.test_sample(IMAGES)
    for run, network, matched in _networks(study):
        own = {"setting": run.setting, "variant": run.variant, "split": run.split} | matched
        seen = scaled(study.replicate(run.setting, run.split).train_images)
        live = pruning.live(network, seen)
        whole = [np.ones(kernel.shape, bool) for kernel in network.kernels]
        for name, masks in (("live", live), ("all", whole)):
            for kernels, chosen in (
                ("first", network.kernels[0][masks[0]]),
                ("all", pruning.chosen(network, masks)),
            ):
                spread.append(own | {"kernels": kernels, "weights": name} | _spread(chosen))
        for share in SHARES:
            logits = pruning.prune(network, share, live).logits(images)
            error = 100.0 * float((logits.argmax(axis=1) != labels).mean())
            pruned.append(own | {"share": share, "error": error})
        values = diagnostics.spectrum(network.kernels[0])
        spectrum += [own | {"place": place + 1, "value": value} for place, value in enumerate(values)]
    return {
        "spread": pd.DataFrame(spread),
        "pruning": pd.DataFrame(pruned),
        "spectrum": pd.DataFrame(spectrum),
    }


def metrics(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return, by setting and variant, the means over the live weights of all kernels."""
    spread = tables["spread"]
    chosen = spread[(spread.kernels == "all") & (spread.weights == "live")]
    names = ["near_zero", "hoyer", "participation_ratio", "norm", "validation_cross_entropy"]
    found: dict[str, Any] = {}
    for (setting, variant), row in (
        chosen.groupby(["setting", "variant"], sort=False)[names].mean().iterrows()
    ):
        found.setdefault(setting, {})[variant] = {k: round(float(v), 5) for k, v in row.items()}
    return found


def matched(losses: dict[str, dict[str, float]]) -> dict[str, str]:
    """Return the cell of every path that is nearest to the common target, from {path: {cell: loss}}."""
    target = max(min(path.values()) for path in losses.values())
    return {name: min(path, key=lambda cell: abs(path[cell] - target)) for name, path in losses.items()}


def _networks(study: Study) -> list[tuple[Run, Network, dict[str, float]]]:
    splits = study.params.probes.strength_paths.splits
    found = []
    for setting in study.params.probes.strength_paths.settings:
        losses: dict[str, dict[str, float]] = {}
        for record in study.records(PART):
            if record.run.setting == setting:
                losses.setdefault(record.run.variant, {}).setdefault(record.run.cell, 0.0)
                losses[record.run.variant][record.run.cell] += (
                    record.final["validation_cross_entropy"] / splits
                )
        for part, cell in [
            (BASELINE, f"{setting}/{BASELINE}"),
            *((PART, c) for c in matched(losses).values()),
        ]:
            weights = study.weights(part, cell)
            for number, record in enumerate(study.cell(part, cell)):
                run = record.run
                if run.split < splits and run.init == 0:
                    own = {path: values[number] for path, values in weights.items()}
                    loss = record.final["validation_cross_entropy"]
                    at = {"strength": strength(run, step=part == PART), "validation_cross_entropy": loss}
                    found.append((run, Network.of(own, run.activation), at))
    return found


def _spread(weights: np.ndarray) -> dict[str, float]:
    return {
        "near_zero": diagnostics.near_zero(weights),
        "hoyer": diagnostics.hoyer(weights),
        "participation_ratio": diagnostics.participation_ratio(weights),
        "norm": float(np.sqrt((weights.astype(np.float64) ** 2).sum())),
    }
