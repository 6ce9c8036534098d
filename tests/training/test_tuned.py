"""The trials of a variant and then the runs that were chosen; the test set plays no part in it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline import plan
from pipeline.datasets import prepared
from pipeline.datasets.images import Images
from pipeline.datasets.prepared import Replicate, Split
from pipeline.plan import Candidate, Plan, Run
from pipeline.records import Result
from pipeline.training import fanout, tuned
from pipeline.training.trainer import train

MakeRun = Callable[..., Run]
RATES = (0.9, 0.1, 0.8)  # of dropout: after so short a training the least is the best


@pytest.fixture(scope="module")
def planned(tiny_run: MakeRun) -> Plan:
    """Three candidates, two trials each, in one setting; nothing to choose in another."""

    def run(setting: str, rate: float, split: int, trial: int | None) -> Run:
        mix = {"dropout": {"rate": rate}}
        key = f"{setting}-{round(10 * rate)}-{split}"
        own = {
            "regularizers": mix,
            "code": plan.code_digest(["dense"], mix),
            "order_seed": split,
            "noise_seed": split,
        }
        return tiny_run(setting=setting, variant="drop", split=split, trial=trial, key=key, **own)

    several = [
        Candidate(
            trials=[run("several", rate, split, number) for split in (2, 3)],
            runs=[run("several", rate, split, None) for split in (0, 1)],
        )
        for number, rate in enumerate(RATES)
    ]
    return {
        "several": several,
        "one": [Candidate(trials=[], runs=[run("one", 0.5, split, None) for split in (0, 1)])],
    }


def prepare(root: Path, mnist: Images, test: slice) -> Path:
    images = Images(
        train_images=mnist.train_images[:900],
        train_labels=mnist.train_labels[:900],
        test_images=mnist.test_images[:150],
        test_labels=mnist.test_labels[test],
    )
    draws = np.random.default_rng(0).permutation(900).astype(np.int32)
    sets = draws[:800].reshape(4, 200)
    split = Split(sets, images.train_labels[sets], draws[800:])
    prepared.write(root, {"mnist": (images, {"several": split, "one": split})})
    return root


def trained(root: Path, planned: Plan) -> dict[str, Result]:
    with fanout.workers(root) as start:
        events = tuned.trained(planned, start)
        return {event.run.key: event for event in events if isinstance(event, Result)}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, mnist: Images, planned: Plan) -> dict[str, Result]:
    return trained(prepare(tmp_path_factory.mktemp("study"), mnist, slice(150)), planned)


def test_the_chosen_are_trained_and_no_other(results: dict[str, Result], planned: Plan) -> None:
    losses = [
        np.mean([results[run.key].final["validation_cross_entropy"] for run in one.trials])
        for one in planned["several"]
    ]
    assert int(np.argmin(losses)) == 1
    expected = [run for one in planned["several"] for run in one.trials]
    expected += [*planned["several"][1].runs, *planned["one"][0].runs]
    assert {result.run for result in results.values()} == set(expected)
    assert len(results) == len(expected) == 10


def test_other_test_labels_change_no_choice_and_no_weight(
    results: dict[str, Result], planned: Plan, mnist: Images, tmp_path: Path
) -> None:
    others = trained(prepare(tmp_path, mnist, slice(150, 300)), planned)
    assert others.keys() == results.keys()
    for key, result in results.items():
        for name, values in result.weights.items():
            assert np.array_equal(values, others[key].weights[name])
        same = {name: value for name, value in result.final.items() if not name.startswith("test_")}
        assert same == {n: v for n, v in others[key].final.items() if not n.startswith("test_")}
        if result.run.trial is None:  # so that the labels were others indeed
            assert result.final["test_error"] != others[key].final["test_error"]


def test_a_trial_does_not_look_at_the_test_set(tiny_run: MakeRun, tiny_data: Replicate) -> None:
    absent = np.empty(0, np.uint8)
    without = replace(tiny_data, test_images=absent, test_labels=absent)
    tried, reported = train(tiny_run(trial=3), without), train(tiny_run(), tiny_data)
    assert tried.logits.shape == (0, 10)
    assert {name for name in tried.final if "test" in name} == set()
    assert reported.final.items() > tried.final.items()
    for name, values in reported.weights.items():
        assert np.array_equal(values, tried.weights[name])
