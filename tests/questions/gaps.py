"""Made-up gaps, learning curves and wrong labels learned, as the question on overfitting has them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

Tables = dict[str, pd.DataFrame]
FAMILIES = {
    "baseline": "baseline",
    "tuned_baseline": "baseline",
    "ridge": "weights",
    "drop": "noise",
    "stop": "stopping",
    "norm": "normalization",
}
GAPS = {"ridge": 0.3, "drop": 0.2, "norm": 0.5, "stop": 0.1}
LOSSES = {"validation": (0.9, 0.5, 0.7), "train": (0.8, 0.3, 0.1)}


def limited(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A table of estimates, with limits 0.1 below and 0.2 above."""
    table = pd.DataFrame(rows)
    return table.assign(low=table.estimate - 0.1, high=table.estimate + 0.2)


def gaps(by_variant: Mapping[str, float], setting: str = "small") -> pd.DataFrame:
    metric = {"setting": setting, "metric": "cross_entropy_gap"}
    return limited([metric | {"variant": v, "estimate": estimate} for v, estimate in by_variant.items()])


def curves(variants: list[str], setting: str = "small") -> pd.DataFrame:
    """LOSSES of the baseline, and those of another variant higher; `stop` ends after two epochs."""
    return limited(
        [
            {"setting": setting, "variant": variant, "metric": f"{part}_cross_entropy", "epoch": epoch}
            | {"estimate": value + 0.1 * place}
            for place, variant in enumerate(variants)
            for part, values in LOSSES.items()
            for epoch, value in enumerate(values, start=1)
            if (variant, epoch) != ("stop", 3)
        ]
    )


def memorised(**seen: float) -> pd.DataFrame:
    """The shares of wrong labels that variants put out, of which each gets .1 by chance."""
    return pd.DataFrame(
        {"setting": "noisy", "variant": variant, "split": split, "init": 0}
        | {"seen": share + 0.001 * (-1) ** split, "unseen": 0.1}
        for variant, share in seen.items()
        for split in range(6)
    )


def tables() -> Tables:
    """A setting `small` with four variants and the tuned baseline, and `blind`, without curves."""
    return {
        "gaps": pd.concat(
            [
                gaps({"baseline": 0.4194, "tuned_baseline": 0.35} | GAPS),
                gaps({"baseline": 1, "drop": 0.5}, "blind"),
            ]
        ),
        "curves": curves(list(FAMILIES)),
        "families": pd.DataFrame(FAMILIES.items(), columns=["variant", "family"]),
        "study/memorised": memorised(baseline=0.9, ridge=0.6, drop=0.3),
    }
