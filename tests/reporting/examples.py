"""Small hand-made numbers that several tests look at: changes of variants, tables of probes, evidence."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

SUMMARY = {
    "baseline": {"test_error": 9.916, "cross_entropy_gap": 0.4194},
    "drop": {"test_error": 8.641},
    "ridge": {"test_error": 9.1},
    "norm": {"test_error": 10.5},
    "stop": {"test_error": 10.9},
}
DIFFERENCES: dict[str, dict[str, float]] = {
    "ridge": {"test_error": -0.816, "p": 0.001, "cross_entropy_gap": -0.1, "p_gap": 0.06},
    "drop": {"test_error": -1.275, "p": 0.001, "cross_entropy_gap": -0.1, "p_gap": 0.01},
    "norm": {"test_error": 0.584, "p": 0.02, "cross_entropy_gap": 0.1, "p_gap": 0.01},
    "stop": {"test_error": 0.984, "p": 0.03, "cross_entropy_gap": -0.1, "p_gap": 0.05},
}


def changed(table: Mapping[str, Any], **changes: Mapping[str, float]) -> dict[str, Any]:
    return {variant: row | changes.get(variant, {}) for variant, row in table.items()}


def probes() -> dict[str, pd.DataFrame]:
    """The tables of the probes that the page speaks of, by probe and table."""
    risks = {"l1": (3.0, 2.0, 4.0), "dropout": (3.0, 3.5, 4.0)}
    weights = {"baseline": (0.01, 0.3, 20.0), "l1": (0.8, 0.02, 10.0), "l2": (0.2, 0.05, 8.0)}
    at = {"train_size": 1000, "width": 8, "label_noise": 0.2}
    pair = {"first": "baseline", "estimate": 0.5, "low": 0.4, "high": 0.7}
    return {
        "strength_paths/paths": pd.DataFrame(
            {"setting": "small", "variant": variant, "step": step, "strength": step / 10}
            | {"metric": "squared_error_risk", "estimate": risk}
            for variant, values in risks.items()
            for step, risk in enumerate(values)
        ),
        "weights/spread": pd.DataFrame(
            {"setting": "small", "variant": variant, "split": split, "kernels": "all", "weights": "live"}
            | {"validation_cross_entropy": 0.4 + ratio}
            | {"near_zero": zero + split * 0.02, "participation_ratio": ratio, "norm": norm}
            for variant, (zero, ratio, norm) in weights.items()
            for split in (0, 1)
        ),
        "monte_carlo/scores": pd.DataFrame({"setting": "small", "passes": [0, 50, 100]}),
        "stopping/stops": pd.DataFrame(
            {"setting": "small", "criterion": criterion, "patience": patience, "stopped": 20}
            | {"epochs_saved": 40 if patience == 5 else 1, "loss_regret": 0.0123, "error_regret": 0.456}
            for criterion in ("cross_entropy", "error")
            for patience in (1, 5)
        ),
        "stopping/memorised": pd.DataFrame(
            {"setting": "small", "variant": variant, "split": split, "seen": seen + split / 10}
            for variant, seen in (("baseline", 0.8), ("early_stopping", 0.3))
            for split in (0, 1)
        ),
        "decomposition": pd.DataFrame(
            [
                {"setting": "small", "variant": "baseline"}
                | {"variance_split": 0.14, "variance_init": 0.04, "variance_interaction": 0.02},
                {"setting": "blind", "variant": "baseline"},
                {"setting": "small", "variant": "l2"}
                | {"variance_split": 0.1, "variance_init": 0.1, "variance_interaction": 0.1},
            ]
        ),
        "map/winners": pd.DataFrame(
            [
                {"cell": "a", **at, "best": "drop", "error": 9.126, "tied": "l2 baseline"},
                {"cell": "b", **at, "best": "baseline", "error": 5.0, "tied": None},
            ]
        ),
        "map/differences": pd.DataFrame(
            [{"cell": "a", "second": "drop", **pair}, {"cell": "b", "second": "l2", **pair}]
        ),
    }


def evidence() -> pd.DataFrame:
    """A row a claim, condition and endpoint, with limits 0.25 below and 0.5 above the estimate."""
    rows = [
        ("1", "drop in small", "cross entropy gap", "nats", 0.5, "holds"),
        ("1", "drop in small", "error gap", "points", 0.5, "holds"),
        ("1", "ridge in small", "error gap", "points", -0.5, "reversed"),
        ("2a", "l1 in small", "slope", "nats a step", 0.5, "holds"),
        ("2a", "l2 in small", "slope", "nats a step", 0.5, "unknown"),
        ("2b", "l1 in small", "slope", "nats a step", 0.5, "holds"),
        ("4", "l1 in small", "test cross entropy", "nats", 0.5, "holds"),
        ("4", "l1 in small", "test error", "points", -0.5, "reversed"),
        ("4", "l2 in small", "test error", "points", 0.5, "holds"),
        ("5a", "small", "rise", "points", 8.25, "holds"),
        ("5b", "small", "error of 50 passes against weight scaling", "points", 0.5, "unknown"),
        ("5b", "small", "error of 100 passes against weight scaling", "points", 0.75, "unknown"),
        ("5c", "small", "epochs to the target", "epochs", 7.0, "holds"),
        ("5c", "small", "best epoch", "epochs", 25.0, "holds"),
        ("7b", "relu", "largest usable rate", "decades", 1.0, "holds"),
        ("8", "dropout in notebook", "test error", "points", 0.125, "unknown"),
        ("9", "data size", "change places", "points", 0.5, "unknown"),
        ("9", "width", "change places", "points", 0.5, "holds"),
        ("9", "label noise", "change places", "points", 0.5, "holds"),
    ]
    columns = ["claim", "condition", "endpoint", "unit", "estimate", "outcome"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(low=table.estimate - 0.25, high=table.estimate + 0.5, n=10, margin=0.1)


FACTS = re.compile(
    r"`\w+`|[-+]?\d+(?:,\d{3})*(?:\.\d+)?%?|"
    r"\b(?:none|no|lower(?:ed|s)?|raise[ds]?|narrow(?:ed)?|widened|saves|later)\b"
)


def facts(text: str) -> str:
    """What a text says, whatever its words: its names, its numbers, and which way a thing goes."""
    return " ".join(FACTS.findall(text))
