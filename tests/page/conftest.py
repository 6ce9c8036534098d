"""Small hand-made tables in the form that the evaluate stage writes."""

from collections.abc import Callable, Mapping

import pandas as pd
import pytest

METRICS = (
    "test_error",
    "test_cross_entropy",
    "train_error",
    "train_cross_entropy",
    "error_gap",
    "cross_entropy_gap",
    "squared_error_bias",
    "squared_error_variance",
)
Estimates = Mapping[str, Mapping[str, Mapping[str, float]]]  # setting, variant, metric
MakeTable = Callable[[Estimates], pd.DataFrame]
Tables = dict[str, pd.DataFrame]


def _rows(estimates: Estimates, arm: float, metrics: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "setting": setting,
            "variant": variant,
            "metric": metric,
            "estimate": given.get(metric, 1.0),
            "low": given.get(metric, 1.0) - arm,
            "high": given.get(metric, 1.0) + 2 * arm,
            "n": 3,
        }
        for setting, variants in estimates.items()
        for variant, given in variants.items()
        for metric in metrics
    )


@pytest.fixture(scope="session")
def make_summary() -> MakeTable:
    """Make a summary with the estimates given, 1 elsewhere, and limits 0.1 below and 0.2 above."""
    return lambda estimates: _rows(estimates, 0.1, METRICS)


@pytest.fixture(scope="session")
def make_differences() -> MakeTable:
    """Make differences with limits 0.05 below and 0.1 above.

    `p`, `p_gap`, `p_bias` and `p_variance` are the adjusted p values.
    """

    def make(estimates: Estimates) -> pd.DataFrame:
        names = {"test_error": "p", "cross_entropy_gap": "p_gap"}
        names |= {"squared_error_bias": "p_bias", "squared_error_variance": "p_variance"}
        frame = _rows(estimates, 0.05, tuple(names))
        p_values = [estimates[r.setting][r.variant].get(names[r.metric], 1.0) for r in frame.itertuples()]
        return frame.assign(reference="baseline", p_value=p_values, p_holm=p_values)

    return make


@pytest.fixture(scope="session")
def families() -> dict[str, str]:
    """The family of every variant of `tables`: one of each there is."""
    return {
        "baseline": "baseline",
        "ridge": "weights",
        "drop": "noise",
        "stop": "stopping",
        "norm": "normalization",
        "smooth": "targets",
        "both": "combination",
    }


@pytest.fixture(scope="session")
def tables(families: dict[str, str], make_summary: MakeTable, make_differences: MakeTable) -> Tables:
    """Tables of a setting `wide` with every variant and one `narrow` without `drop` and `stop`."""
    members = {"wide": list(families), "narrow": [name for name in families if name not in ("drop", "stop")]}
    summary = make_summary(
        {
            setting: {
                variant: {
                    "test_error": 9 - place,
                    "cross_entropy_gap": 0.5 - 0.2 * place,
                    "squared_error_bias": 0.10 + 0.01 * place,
                    "squared_error_variance": 0.08 - 0.01 * place,
                }
                for place, variant in enumerate(variants)
            }
            for setting, variants in members.items()
        }
    )
    differences = make_differences(
        {
            setting: {
                variant: {"test_error": -0.3 * place, "p": 0.01, "p_gap": 0.2}
                for place, variant in enumerate(variants)
                if variant != "baseline"
            }
            for setting, variants in members.items()
        }
    )
    return {"summary": summary, "differences": differences}
