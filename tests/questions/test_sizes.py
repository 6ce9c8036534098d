"""Dropout's gain by the number of training images: the section, the tables, the rule and the answer."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline import params, questions, toy
from pipeline.params import Params
from pipeline.questions.claim import Claim
from pipeline.questions.sizes import answer, draw, measure
from pipeline.questions.sizes.claims import CLAIMS
from pipeline.questions.study import Study
from pipeline.science.verdicts import Outcome, Verdict
from pipeline.system.errors import UserError
from tests import asking

SIZES = {"n100": 100, "n1000": 1000, "n9000": 9000}
(CLAIM,) = (claim for claim in CLAIMS if isinstance(claim, Claim))


@pytest.fixture
def raw(repository: Path) -> dict[str, Any]:
    text = (repository / "studies" / "dropout_by_size" / "params.yaml").read_text(encoding="utf-8")
    return cast(dict[str, Any], YAML(typ="safe").load(text))


def tables(**gains: list[float]) -> dict[str, pd.DataFrame]:
    """The tables of a study whose runs without dropout have an error of 10 %."""
    rows = [
        {"setting": setting, "split": split, "init": split, "variant": variant, "test_error": error}
        for setting, of_setting in gains.items()
        for split, gain in enumerate(of_setting)
        for variant, error in (("baseline", 10.0), ("dropout", 10.0 - gain))
    ]
    return measure.measure(cast(Study, Made(pd.DataFrame(rows))))


class Made:
    """As much of a study as the measurement looks at."""

    def __init__(self, runs: pd.DataFrame) -> None:
        settings = {name: {"train_size": size, "splits": 3, "inits": 1} for name, size in SIZES.items()}
        self.params = Bag(settings={name: Bag(**values) for name, values in settings.items()})
        self.section = Bag(settings=list(SIZES), peak="n1000")
        self.runs = runs

    def table(self, name: str) -> pd.DataFrame:
        assert name == "runs"
        return self.runs


class Bag:
    def __init__(self, **values: Any) -> None:
        vars(self).update(values)


def test_the_study_is_sound_and_asks_nothing_else(raw: dict[str, Any]) -> None:
    study = asking.check(raw)
    assert [question.name for question in questions.asked(study)] == ["sizes"]
    assert [study.settings[name].train_size for name in raw["questions"]["sizes"]["settings"]] == [
        *(100, 500, 1_000, 5_000, 10_000, 50_000)
    ]


FAULTS = {
    "settings: expected at least 3 of growing train_size, received [100, 5000, 1000]": {
        "settings": ["n100", "n5000", "n1000"]
    },
    "settings: expected at least 3 of growing train_size, received [100, 5000]": {
        "settings": ["n100", "n5000"]
    },
    "peak: expected a setting between the first and the last, received 'n50000'": {"peak": "n50000"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_section_that_cannot_be_answered_is_refused(raw: dict[str, Any], fault: str) -> None:
    raw["questions"]["sizes"] |= FAULTS[fault]
    with pytest.raises(UserError) as refused:
        asking.check(raw)
    assert f"params.yaml: questions.sizes.{fault}" in str(refused.value).splitlines()


def test_every_setting_needs_dropout(raw: dict[str, Any]) -> None:
    raw["variants"]["l2"] = {"l2": {"strength": 0.1}}
    raw["settings"]["n500"]["variants"] = ["l2"]
    with pytest.raises(UserError, match="expected settings with the variant dropout, received 'n500'"):
        asking.check(raw)


def test_a_first_look_keeps_the_sizes_apart(raw: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(raw, file)
    toy.keep_a_few(path, {"settings": raw["settings"], "variants": raw["variants"], "questions": {}})
    toy.shrink(path)
    sections: Any = {question.name: question.settings for question in questions.discover()}
    study: Params = params.load(path, sections)
    sizes = [study.settings[name].train_size for name in study.section("sizes").settings]
    assert len(sizes) >= 3
    assert sizes == sorted({*sizes})
    assert max(sizes) <= 600


def test_the_gain_is_the_fall_of_the_error_by_replicate() -> None:
    made = tables(n100=[0.0, 0.2, -0.2], n1000=[1.0, 1.1, 1.2], n9000=[0.3, 0.3, 0.3])
    np.testing.assert_allclose(made["pairs"].gain, [0, 0.2, -0.2, 1, 1.1, 1.2, 0.3, 0.3, 0.3], atol=1e-12)
    gains = made["gains"].set_index("setting")
    np.testing.assert_allclose(gains.estimate, [0, 1.1, 0.3], atol=1e-12)
    # Student's t with two degrees: 4.302653 at 95 %; the standard error is .1 / sqrt(3).
    assert gains.high["n1000"] == pytest.approx(1.1 + 4.302653 * 0.1 / 3**0.5, abs=1e-6)
    assert list(gains.dropout) == pytest.approx([10, 8.9, 9.7])
    assert list(gains.peak) == [False, True, False]
    assert measure.metrics(made) == {"n100": 0.0, "n1000": 1.1, "n9000": 0.3}


def spread(mean: float) -> list[float]:
    return [mean - 0.05, mean, mean + 0.05, mean - 0.02, mean + 0.02]


def test_a_gain_that_rises_and_falls_supports_the_claim() -> None:
    evidence = CLAIM.judged_by(tables(n100=spread(0), n1000=spread(1), n9000=spread(0.3)))
    assert [piece.estimate for piece in evidence] == pytest.approx([1, 1, 0.7])
    assert CLAIM.verdict(evidence) is Verdict.SUPPORTED


def test_a_gain_that_only_rises_does_not() -> None:
    evidence = CLAIM.judged_by(tables(n100=spread(0), n1000=spread(1), n9000=spread(1.8)))
    assert [piece.outcome for piece in evidence] == [Outcome.HOLDS, Outcome.HOLDS, Outcome.REVERSED]
    assert CLAIM.verdict(evidence) is Verdict.CONDITIONAL


def test_sizes_with_other_numbers_of_training_sets_are_paired_as_far_as_they_go() -> None:
    evidence = CLAIM.judged_by(tables(n100=spread(0), n1000=spread(1), n9000=spread(0.3)[:3]))
    assert [piece.n for piece in evidence] == [5, 5, 3]


def test_the_answer_names_the_largest_gain_and_where_it_harms() -> None:
    made = tables(n100=spread(-0.5), n1000=spread(1), n9000=spread(0.3))
    study = cast(Study, Made(pd.DataFrame()))
    said = answer.values(study, made, pd.DataFrame())
    assert said["largest"].startswith("The gain is largest with 1,000 images, 1.00 [")
    assert said["helped"] == "Dropout lowers the test error with 1,000 and 9,000 images."
    assert said["harmed"] == "Dropout raises the test error with 100 images."
    assert [row["replicates"] for row in said["rows"]] == ["3 training sets"] * 3


def test_the_figure_shows_every_size() -> None:
    made = tables(n100=spread(0), n1000=spread(1), n9000=spread(0.3))
    errors, gain = draw.draw(made)["figure"].axes
    assert list(gain.lines[0].get_xdata()) == [100, 1000, 9000]  # type: ignore[arg-type]
    assert list(gain.lines[0].get_ydata()) == list(made["gains"].estimate)  # type: ignore[arg-type]
    assert list(errors.lines[1].get_ydata()) == list(made["gains"].dropout)  # type: ignore[arg-type]
