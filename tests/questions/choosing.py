"""Made-up runs of several methods under several conditions, for the claims of the choice."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

PLACE: dict[str, Any] = {
    "train_size": 1000,
    "network": "dense",
    "depth": 1,
    "width": 8,
    "data": "mnist",
    "label_noise": 0.0,
    "distractors": 0.0,
    "epochs": 40,
    "batch_size": 50,
    "validation_size": 100,
}
SPREAD = 0.4  # points: the standard deviation of a paired difference, as an earlier study had it
Errors = Mapping[str, Sequence[float]]  # of a method by training set


def runs(*conditions: tuple[str, Mapping[str, Any], Errors], rare: Sequence[str] = ()) -> pd.DataFrame:
    """A row a run: a condition by its name, what it changes of PLACE, and the test errors of its methods.

    The validation loss is a hundredth of the test error; the methods that are `rare` are not common.
    """
    rows = [
        PLACE
        | {"condition": name, **changes, "method": method, "split": split, "init": 0}
        | {"test_error": error, "validation_error": error, "validation_cross_entropy": error / 100}
        | {"common": method not in rare}
        for name, changes, errors in conditions
        for method, values in errors.items()
        for split, error in enumerate(values)
    ]
    return pd.DataFrame(rows)


def drawn(rng: np.random.Generator, means: Mapping[str, float], n: int) -> dict[str, list[float]]:
    """Errors of methods with these means on n training sets, whose paired differences vary by SPREAD."""
    shared = rng.normal(0, 1, n)
    return {
        method: (10 + mean + shared + rng.normal(0, SPREAD / np.sqrt(2), n)).tolist()
        for method, mean in means.items()
    }
