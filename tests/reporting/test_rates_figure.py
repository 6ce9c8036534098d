"""The figure of the learning rates, of networks that are dead or blew up."""

import io

import numpy as np
import pandas as pd
import pytest

from pipeline.reporting.probes import learning_rates

EPOCHS = 4


def drawn(shifts: list[list[float]]) -> dict[str, list[float]]:
    """The line of the shift, {x: ...; y: ...}, of a training set a row and an epoch a column."""
    splits = range(len(shifts))
    at = {"network": "relu", "variant": "baseline"}
    rates = (0.1, 1.0)
    runs = [
        at | {"split": d, "learning_rate": r, "validation_error": 10.0 + d} for d in splits for r in rates
    ]
    rows = [
        at | {"split": d, "layer": "logits", "epoch": 1 + e, "shift_relative": value}
        for d in splits
        for e, value in enumerate(shifts[d])
    ]
    tables = {"runs": pd.DataFrame(runs).assign(diverged=False), "shift": pd.DataFrame(rows)}
    figure = learning_rates.draw(tables)
    figure.savefig(io.BytesIO(), format="png")  # what is not finite fails when it is drawn
    lines = figure.axes[-1].get_lines()
    return (
        {"x": np.ravel(lines[0].get_xdata()).tolist(), "y": np.ravel(lines[0].get_ydata()).tolist()}
        if lines
        else {}
    )


def test_a_network_that_stands_still_is_left_out() -> None:
    found = drawn([[1.0, 1.0, 0.0, 0.0], [100.0, 1.0, 10.0, 0.0], [10.0, 1.0, 1000.0, 5.0]])
    # Geometric means: of three, of three, of the two that still move; in epoch 4 a single one does.
    assert found["x"] == [1, 2, 3]
    assert found["y"] == pytest.approx([10.0, 1.0, 100.0])


def test_a_network_that_blew_up_is_left_out() -> None:
    found = drawn([[1.0, np.inf, np.nan, np.nan], [1.0, 10.0, 1.0, 1.0], [1.0, 1000.0, 100.0, 1.0]])
    assert found["y"] == pytest.approx([1.0, 100.0, 10.0, 1.0])


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_there_may_be_nothing_to_draw(value: float) -> None:
    assert drawn([[value] * EPOCHS] * 3) == {}
