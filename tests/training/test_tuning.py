"""The choice of a candidate from its trials."""

from collections.abc import Callable

import pytest

from pipeline.plan import Candidate, Plan, Run
from pipeline.records import Choice, Record
from pipeline.system.errors import UserError
from pipeline.training import tuning

MakeRun = Callable[..., Run]


@pytest.fixture
def plan(tiny_run: MakeRun) -> Plan:
    """Three candidates in one setting, two trials each, and one in another."""

    def candidate(setting: str, number: int, trials: int) -> Candidate:
        return Candidate(
            trials=[
                tiny_run(setting=setting, trial=number, split=3 + n, key=f"{setting}-{number}-{n}")
                for n in range(trials)
            ],
            runs=[tiny_run(setting=setting, key=f"{setting}-{number}-run")],
        )

    return {"several": [candidate("several", n, 2) for n in range(3)], "one": [candidate("one", 0, 0)]}


def finished(plan: Plan, losses: list[float]) -> dict[str, Record]:
    trials = [run for one in plan["several"] for run in one.trials]
    return {
        run.key: Record(run, {}, {"validation_cross_entropy": loss}, "")
        for run, loss in zip(trials, losses, strict=True)
    }


def test_the_lowest_mean_validation_loss_is_chosen(plan: Plan) -> None:
    choices = tuning.choose(plan, finished(plan, [0.5, 0.5, 0.1, 0.7, 0.2, 0.9]))
    assert choices["several"].candidate == 1
    assert choices["several"].losses == pytest.approx([0.5, 0.4, 0.55])
    assert choices["one"] == Choice(candidate=0, losses=[])
    assert [run.key for run in tuning.chosen(plan, choices)] == ["several-1-run", "one-0-run"]


def test_the_first_of_equals_is_chosen(plan: Plan) -> None:
    assert tuning.choose(plan, finished(plan, [0.5, 0.5, 0.2, 0.4, 0.4, 0.2]))["several"].candidate == 1


def test_a_diverged_candidate_is_not_chosen(plan: Plan) -> None:
    choices = tuning.choose(plan, finished(plan, [float("nan"), 0.5, 0.6, 0.6, 0.7, 0.7]))
    assert choices["several"].candidate == 1


def test_if_all_diverged_it_is_said(plan: Plan) -> None:
    with pytest.raises(UserError, match=r"several: expected a candidate with a finite"):
        tuning.choose(plan, finished(plan, [float("nan")] * 6))
