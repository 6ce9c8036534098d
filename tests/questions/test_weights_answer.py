"""The weights: the rule and the answer, from made-up tables."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.questions import Question
from pipeline.questions.weights import answer
from pipeline.questions.weights.claims import CLAIMS
from pipeline.science.verdicts import Outcome
from pipeline.system import markdown
from tests.questions import made
from tests.questions.made import SPLITS, noise

QUESTION = Question("weights")

# ---- the rule ----

BASE = {"near_zero": 0.4, "exact_zeros": 0.4, "hoyer": 0.4, "participation_ratio": 0.4, "norm": 10.0}


def spread(**moved: dict[str, float]) -> pd.DataFrame:
    """Live weights of all kernels, moved from BASE; and other weights, which play no part."""
    selections = [("all", "live", 1.0), ("all", "all", -9.0), ("first", "live", -9.0)]
    return pd.DataFrame(
        {"setting": "small", "variant": variant, "split": split, "kernels": kernels, "weights": weights}
        | {name: value + sign * by.get(name, 0.0) + noise(2, place)[split] for name, value in BASE.items()}
        for place, (variant, by) in enumerate(moved.items())
        for split in SPLITS
        for kernels, weights, sign in selections
    )


def judged(number: str, table: pd.DataFrame) -> list[tuple[str, str, Outcome]]:
    """Where, what and how, of every piece of the evidence of a claim."""
    (claim,) = [claim for claim in CLAIMS if claim.number == number]
    evidence = claim.judged_by({"spread": table})
    return [(piece.condition, piece.endpoint, piece.outcome) for piece in evidence]


def test_sparse_is_more_small_weights_than_l2_and_a_higher_index_than_both() -> None:
    proximal = {"exact_zeros": -0.2}
    moved = {"near_zero": 0.2, "hoyer": 0.02}
    table = spread(l1=moved, l2={"hoyer": -0.2}, baseline={}, l1_proximal=proximal)
    assert judged("3a", table) == [
        ("small", "near zero, l1 minus l2", Outcome.HOLDS),
        ("small", "hoyer, l1 minus l2", Outcome.HOLDS),
        ("small", "hoyer, l1 minus baseline", Outcome.ABSENT),  # .02 is below the margin
        ("small", "exact zeros, l1_proximal minus l2", Outcome.REVERSED),
    ]


def test_evenly_spread_is_a_higher_ratio_than_l1_and_the_baseline() -> None:
    table = spread(l1={"participation_ratio": 0.5}, l2={"participation_ratio": 0.2}, baseline={})
    assert judged("3c", table) == [
        ("small", "participation ratio, l2 over l1", Outcome.REVERSED),
        ("small", "participation ratio, l2 over baseline", Outcome.HOLDS),
    ]


@pytest.mark.parametrize(
    ("l1", "l2"), [(0.02, 0.052), (0.2, 0.5)], ids=["2.6 times, .032 apart", "2.5 times, .3 apart"]
)
def test_as_many_times_as_even_is_judged_alike_wherever_it_is(l1: float, l2: float) -> None:
    """A margin of .05 called the first absent, though it is the larger ratio."""
    table = pd.DataFrame(
        {"setting": "small", "variant": variant, "split": split, "kernels": "all", "weights": "live"}
        | {"participation_ratio": ratio * (1 + noise(3, place)[split])}
        for place, (variant, ratio) in enumerate({"l1": l1, "l2": l2}.items())
        for split in SPLITS
    )
    assert judged("3c", table) == [("small", "participation ratio, l2 over l1", Outcome.HOLDS)]
    (piece,) = CLAIMS[2].judged_by({"spread": table})
    assert piece.unit == "log ratio"
    assert piece.margin == pytest.approx(np.log(1.25))
    assert piece.estimate == pytest.approx(np.log(l2 / l1), abs=0.02)
    assert (
        CLAIMS[2]
        .finding({}, [piece])
        .startswith(f"Participation ratio, l2 over l1 in small: {np.exp(piece.estimate):.2f} times [")
    )


def test_small_is_a_ratio_to_the_baselines_norm() -> None:
    table = spread(l2={"norm": -5.0}, baseline={})
    assert judged("3b", table) == [("small", "norm, baseline over l2", Outcome.HOLDS)]
    (piece,) = CLAIMS[1].judged_by({"spread": table})
    assert piece.unit == "log ratio"
    assert piece.margin == pytest.approx(np.log(1.1))
    assert piece.estimate == pytest.approx(np.log(2), abs=0.01)
    assert piece.low < piece.estimate < piece.high
    slightly = spread(l2={"norm": -0.3}, baseline={})
    assert judged("3b", slightly) == [("small", "norm, baseline over l2", Outcome.ABSENT)]


def test_a_penalty_that_was_not_run_is_not_judged() -> None:
    table = spread(l1={}, baseline={})
    assert [endpoint for _, endpoint, _ in judged("3a", table)] == ["hoyer, l1 minus baseline"]
    assert judged("3b", table) == judged("3c", table) == []


# ---- the answer ----


def means(**by_variant: tuple[float, float, float]) -> pd.DataFrame:
    """Shares near zero, which differ by .02 between two training sets, participation ratios and norms."""
    return pd.DataFrame(
        {"setting": "small", "variant": variant, "split": split, "kernels": "all", "weights": "live"}
        | {"near_zero": share + 0.02 * split, "exact_zeros": share / 2 * (variant == "l1_proximal")}
        | {"participation_ratio": ratio, "norm": norm, "epochs": 10 if variant == "baseline" else 40}
        | {"validation_cross_entropy": 0.4 + ratio}
        for variant, (share, ratio, norm) in by_variant.items()
        for split in (0, 1)
    )


BOTH = means(baseline=(0.01, 0.3, 20.0), l1=(0.8, 0.02, 10.0), l2=(0.2, 0.05, 8.0))


def test_the_answer_has_the_means_of_the_live_weights() -> None:
    dead = BOTH.assign(weights="all", near_zero=1.0, norm=0.0)
    study = made.study(Path(), {})
    values = answer.values(study, {"spread": pd.concat([BOTH, dead])}, made.evidence())
    assert values["sentences"] == [
        "In `small` (validation loss 0.420 under L1, 0.450 under L2, 0.700 for 10 epochs without) 81% of the "
        "weights lie below 0.001 under L1, 21% under L2 and 2% without. Their norm is 10.0, 8.0 and 20.0. "
        "The share of the weights that carry it is 2.0%, 5.0% and 30.0%."
    ]
    with_steps = pd.concat([BOTH, means(l1_proximal=(0.9, 0.1, 5.0))])
    (said,) = answer.values(study, {"spread": with_steps}, made.evidence())["sentences"]
    assert "2% without. By proximal steps, 45% are exactly zero. Their norm" in said
    page = markdown.render(QUESTION.template, {"percent": "95 %"} | values)
    assert page.startswith("**L1 makes 81% of the weights nearly zero, L2 21%; without a penalty 2% are.**\n")
    assert f"- {values['sentences'][0]}\n" in page
    assert "(on at most 2,000 test images)" in page
    links = re.findall(r"\(questions/weights/(\S+)\)", page)
    assert links == ["figure.png", "spread.csv", "pruned.png", "pruning.csv", "spectrum.csv"]


def test_a_setting_without_both_penalties_is_left_out() -> None:
    noisy = BOTH[BOTH.variant != "l1"].assign(setting="noisy")
    study = made.study(Path(), {})
    values = answer.values(study, {"spread": pd.concat([noisy, BOTH])}, made.evidence())
    assert [made.facts(sentence).split()[0] for sentence in values["sentences"]] == ["`small`"]
    none = answer.values(study, {"spread": noisy}, made.evidence())
    assert none["sentences"] == []
    assert none["lead"] == ""
    assert markdown.render(QUESTION.template, {"percent": "95 %"} | none).strip()
