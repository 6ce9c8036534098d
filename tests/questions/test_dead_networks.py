"""The claim on the covariate shift, where networks are dead."""

import math

import numpy as np
import pandas as pd
import pytest

from pipeline.questions.batch_norm import claims as batch_norm
from pipeline.science.verdicts import Evidence

PLAIN = np.array([[100.0, 1.0], [10.0, 0.0], [1000.0, 10.0]])  # training set by epoch; dead in one of them


def evidence(plain: np.ndarray) -> dict[str, Evidence]:
    """The evidence of 7c by endpoint; with batch normalization every shift is 1."""
    rows = [
        {"network": "relu", "variant": variant, "split": split, "layer": "logits", "epoch": 1 + epoch}
        | {"shift_relative": value, "shift_cosine": 1.0 if value == 0 else 0.5}
        for variant, shifts in (("baseline", plain), ("batch_norm", np.ones_like(plain)))
        for (split, epoch), value in np.ndenumerate(shifts)
    ]
    (claim,) = [claim for claim in batch_norm.CLAIMS if claim.number == "7c"]
    none = pd.DataFrame(columns=["network", "variant", "best_error"])
    tables = {"shift": pd.DataFrame(rows), "summary": none}
    found = claim.evidence(tables)
    assert "nan" not in claim.finding(tables, found)
    return {one.endpoint: one for one in found}


def test_an_epoch_in_which_nothing_moves_has_a_cosine_and_no_decade() -> None:
    found = evidence(PLAIN)
    # Baseline minus batch normalization, in decades: (2 + 0) / 2, 1, (3 + 1) / 2.
    assert found["relative shift"].estimate == pytest.approx((1 + 1 + 2) / 3)
    assert found["relative shift"].n == 3
    # With minus without: 0, (0.5 + 1) / 2 less, 0.
    assert found["cosine of the gradients"].estimate == pytest.approx(-0.25 / 3)


def test_a_network_that_never_moves_has_nothing_to_compare() -> None:
    dead = PLAIN * np.array([[1.0], [0.0], [1.0]])
    found = evidence(dead)["relative shift"]
    assert found.n == 2
    assert found.estimate == pytest.approx(1.5)
    assert math.isfinite(found.low)
