"""Features: shares of a mass on real pixels, of networks by hand, and what follows from made-up tables."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.datasets.prepared import Split
from pipeline.plan import Run
from pipeline.questions import Question
from pipeline.questions.features import answer, measure
from pipeline.questions.features.claims import CLAIMS
from pipeline.questions.features.draw import draw
from pipeline.science.verdicts import Outcome, Verdict
from pipeline.system import markdown
from tests.questions import made
from tests.questions.made import SPLITS, noise

MakeRun = Callable[..., Run]
QUESTION = Question("features")
BY_NUMBER = {claim.number: claim for claim in CLAIMS}

# ---- what is measured ----

# Images of 1 x 3 real pixels and one distractor; no training image shows the third pixel.
PIXELS = np.array([[255, 0, 0], [0, 255, 0], [255, 255, 0], [255, 0, 0]], np.uint8).reshape(4, 1, 3)
KERNEL = np.array([[2.0, 0.0], [0.0, 1.0], [9.0, 9.0], [1.0, 1.0]], np.float32)
LOGITS = np.array([[1.0, 0.0, -1.0], [0.0, 3.0, 0.0]], np.float32)
WEIGHTS = {
    "hidden_1/kernel": KERNEL,
    "hidden_1/bias": np.array([0.5, 0.5], np.float32),  # both units are on, whatever is shown
    "logits/kernel": LOGITS,
    "logits/bias": np.zeros(3, np.float32),
}


@pytest.fixture
def study(tiny_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> made.MadeStudy:
    """The baseline and L2 in a setting with distractors, and in one without."""
    monkeypatch.setattr("pipeline.records.read_weights", lambda root, stage, key: WEIGHTS)
    labels = np.array([0, 1, 2, 0], np.uint8)
    drawn = np.arange(4)[None]
    without = Split(drawn, labels[drawn], np.array([0]))
    beside = Split(drawn, labels[drawn], np.array([0]), np.array([1, 7]))
    images = Images(PIXELS, labels, PIXELS, labels)
    prepared.write(tmp_path, {"mnist": (images, {"distracted": beside, "small": without})})

    def cells(variant: str) -> dict[str, Any]:
        shares = {"distracted": 1.0, "small": 0.0}
        return {
            setting: made.cell([[tiny_run(setting=setting, variant=variant, distractors=share)]])
            for setting, share in shares.items()
        }

    params = cast(Any, SimpleNamespace(stages=["baseline", "l2"]))
    return made.MadeStudy(tmp_path, params, QUESTION, {name: cells(name) for name in ("baseline", "l2")})


def test_real_pixels_are_the_first_of_every_row() -> None:
    assert measure.real_pixels((2, 3), 2).tolist() == [True, True, False, True, True, False]
    assert measure.real_pixels((1, 3, 2), 2).tolist() == [True] * 4 + [False] * 2
    assert measure.share(np.array([1.0, 2.0, 1.0]), np.array([True, True, False])) == 0.75


def test_shares_are_of_what_the_training_images_use(study: made.MadeStudy) -> None:
    """Both units are on, so the derivatives are the products of the kernels: by each logit, for any image."""
    data = study.replicate(study.cells("l2")["distracted"].run, 0)
    assert data.train_images.shape == (4, 1, 4)
    used = np.any(data.train_images.reshape(4, 4) != 0, axis=0)
    assert used.tolist()[:3] == [True, True, False]
    assert used[3]  # otherwise the draw of the distractors would leave nothing to compare
    table = measure.measure(study)["attention"]
    assert table[["setting", "variant"]].to_numpy().tolist() == [
        ["distracted", v] for v in ("baseline", "l2")
    ]
    squares = (KERNEL**2).sum(axis=1)  # 4, 1, -, 2
    assert squares[[0, 1, 3]].tolist() == [4.0, 1.0, 2.0]
    assert table.weights.to_numpy() == pytest.approx(5 / 7)
    slopes = ((KERNEL @ LOGITS) ** 2).sum(axis=1)  # (2, 0, -2), (0, 3, 0), (1, 3, -1)
    assert slopes[[0, 1, 3]].tolist() == [8.0, 9.0, 11.0]
    assert table.gradients.to_numpy() == pytest.approx(17 / 28)
    assert measure.metrics({"attention": table})["distracted"]["l2"] == {
        "weights": round(5 / 7, 5),
        "gradients": round(17 / 28, 5),
    }


def test_a_study_without_distractors_has_nothing_to_measure(tmp_path: Path) -> None:
    params = cast(Any, SimpleNamespace(stages=["baseline", "l2"]))
    tables = measure.measure(made.MadeStudy(tmp_path, params, QUESTION, {}))
    assert tables["attention"].empty
    assert measure.metrics(tables) == {}
    assert draw(tables) == {}


# ---- the rules ----


def made_up(effect: float) -> dict[str, pd.DataFrame]:
    """Tables in which both claims are true where `effect` is 1, and the opposite is where it is -1."""
    shares = {"baseline": 0.0, "tuned_baseline": 0.0, "l1": 0.2, "l2": 0.1, "dropout": -0.3}
    scores = {"baseline": 5.0, "l1": 5.0 - effect, "l2": 5.0}
    return {
        "attention": pd.DataFrame(
            {"setting": "distracted", "variant": variant, "split": split, "init": 0}
            | dict.fromkeys(("weights", "gradients"), 0.5 + effect * more + noise(1, place)[split])
            for place, (variant, more) in enumerate(shares.items())
            for split in SPLITS
        ),
        "study/runs": pd.DataFrame(
            {"setting": setting, "variant": variant, "split": split, "init": 0}
            | dict.fromkeys(("test_error", "test_cross_entropy"), value + noise(2, place)[split])
            for setting in ("small", "distracted")
            for place, (variant, value) in enumerate(scores.items())
            for split in SPLITS
        ),
    }


def test_the_question_is_asked_after_the_penalties() -> None:
    assert QUESTION.title == "Do penalties make the network look at what matters?"
    assert Question("penalties").order < QUESTION.order < Question("dropout").order
    assert list(BY_NUMBER) == ["4b", "9e"]
    assert BY_NUMBER["9e"].existential


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.number)
@pytest.mark.parametrize(
    ("effect", "outcome", "verdict"),
    [(1.0, Outcome.HOLDS, Verdict.SUPPORTED), (-1.0, Outcome.REVERSED, Verdict.REFUTED)],
)
def test_made_up_data_bear_it_out_or_refute_it(
    claim: Any, effect: float, outcome: Outcome, verdict: Verdict
) -> None:
    evidence = claim.judged_by(made_up(effect))
    assert [piece.outcome for piece in evidence] == [outcome] * len(evidence)
    assert claim.verdict(evidence) is verdict


def test_penalties_alone_are_judged_and_both_masses() -> None:
    evidence = BY_NUMBER["4b"].judged_by(made_up(1.0))
    assert [(piece.condition, piece.endpoint) for piece in evidence] == [
        (f"{variant} in distracted", f"share of the {mass} on real pixels")
        for variant in ("l1", "l2")
        for mass in ("squared weights", "squared input gradients")
    ]
    assert evidence[0].estimate == pytest.approx(0.2, abs=0.01)
    small = BY_NUMBER["4b"].judged_by(made_up(0.1))  # .02 and .01 more: below the margin
    assert {piece.outcome for piece in small} == {Outcome.ABSENT}


def test_l1_is_compared_with_l2_where_there_are_distractors_alone() -> None:
    evidence = BY_NUMBER["9e"].judged_by(made_up(1.0))
    assert [(piece.condition, piece.unit) for piece in evidence] == [
        ("distracted", "points"),
        ("distracted", "nats"),
    ]
    assert evidence[0].estimate == pytest.approx(1.0, abs=0.02)
    tables = made_up(1.0)
    attention = tables["attention"]
    tables["attention"] = attention[attention.variant != "l2"]
    assert BY_NUMBER["9e"].judged_by(tables) == []
    assert [piece.condition for piece in BY_NUMBER["4b"].judged_by(tables)] == ["l1 in distracted"] * 2


def test_findings_give_the_means() -> None:
    tables = made_up(1.0)
    told = BY_NUMBER["4b"].finding(tables, [])
    assert told.startswith(
        "In distracted the real pixels have 70% under l1, 60% under l2 and 50% without a penalty of the "
        "squared weights; "
    )
    evidence = BY_NUMBER["9e"].judged_by(tables)
    assert BY_NUMBER["9e"].finding(tables, evidence).startswith("Test error, l2 minus l1 in distracted: +")


# ---- the answer and the figure ----


def test_the_answer_comes_first_and_shows_what_is_drawn() -> None:
    evidence = made.evidence(("9e", "distracted", "test error, l2 minus l1", 0.5)).assign(unit="points")
    values = answer.values(made.study(Path(), {}), made_up(1.0), evidence)
    page = markdown.render(QUESTION.template, {"percent": "95 %"} | values)
    assert page.startswith("**The share of the input gradient on real pixels is ")
    assert "In `distracted`, the share of the squared weights on the real pixels is 70% under `l1`" in page
    assert "Test error of L2 minus that of L1: +0.500 [+0.250, +1.000] points in `distracted`." in page
    figures = draw(made_up(1.0))
    assert [f"(questions/features/{name}.png)" in page for name in figures] == [True]
    axes = figures["attention"].axes
    assert [label.get_text() for label in axes[0].get_xticklabels()] == [
        *("baseline", "tuned\nbaseline", "l1", "l2", "dropout")
    ]


def test_without_distractors_the_page_says_so() -> None:
    values = answer.values(made.study(Path(), {}), made.empty(made_up(1.0)), made.evidence())
    page = markdown.render(QUESTION.template, {"percent": "95 %"} | values)
    assert page.strip().startswith("No setting of this study has useless pixels")
    assert ".png" not in page
