"""The runs that parameters imply, and what each of them is seeded with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline import plan, questions
from pipeline.params import Params
from pipeline.plan import Candidate, Cell, Plan, Run
from tests import asking

Raw = dict[str, Any]
Edited = Callable[[Raw], Raw]
MakeRun = Callable[..., Run]
TUNED = ("tuned_baseline", "probed", "plain")  # left out where single candidates are looked at


def of_settings(study: Params) -> Plan:
    """The settings' own cells, by name."""
    plans = asking.resolved(study).values()
    return {name: cell for each in plans for name, cell in each.items() if not question(cell)}


def question(cell: list[Candidate]) -> str:
    run = cell[0].runs[0]
    return run.question


MAPS = {"spatial_dropout"}  # which dense networks have none of


def planned(raw: Raw) -> list[Run]:
    """The settings' runs to report, of the baseline and of the variants with a single candidate."""
    cells = of_settings(asking.check(raw)).values()
    return [run for cell in cells for run in cell[0].runs if run.variant not in TUNED]


# ---- which runs ----


def test_the_committed_file_implies_every_replicate_of_every_variant(repository: Path) -> None:
    raw = YAML(typ="safe").load(repository / "params.yaml")
    expected = {}
    for name, setting in raw["settings"].items():
        every = [
            v for v, mix in raw["variants"].items() if "conv" in setting["network"] or mix.keys() != MAPS
        ]
        taken = every if setting["variants"] == "all" else setting["variants"]
        tuned = ["tuned_baseline"] if setting["validation_size"] else []
        for variant in ["baseline", *tuned, *taken]:
            expected[f"{name}/{variant}"] = setting["splits"] * setting["inits"]
    study = questions.load(repository / "params.yaml")
    cells = of_settings(study)
    assert cells.keys() == expected.keys()
    for name, candidates in cells.items():
        for candidate in candidates:
            assert len({run.key for run in candidate.runs}) == expected[name]
            assert len(candidate.trials) == (raw["tuning"]["splits"] if len(candidates) > 1 else 0)
    assert list(asking.resolved(study)) == ["baseline", *raw["variants"]]


def test_a_stage_trains_one_variant_for_whoever_asks(raw_params: Raw) -> None:
    for stage, cells in asking.resolved(asking.check(raw_params)).items():
        variants = {run.variant for run in plan.every_run(cells)}
        assert variants <= ({"baseline", "tuned_baseline"} if stage == "baseline" else {stage})


def test_what_a_question_asks_for_is_called_after_it(raw_params: Raw) -> None:
    cells = asking.resolved(asking.check(raw_params))["probed"]
    assert list(cells) == [
        "small/probed",
        "small/probed/tradeoff/strength=0.001",
        "small/probed/tradeoff/strength=0.002",
        "small/probed/weights/strength=0.001",
        "small/probed/weights/strength=0.002",
        "wider/probed/choice",
        "noisier/probed/choice",
    ]


def test_a_run_is_resolved(raw_params: Raw) -> None:
    run = next(run for run in planned(raw_params) if run.name == "blind/drop/split-00-init-01")
    blind = raw_params["settings"]["blind"]
    for field in ("train_size", "validation_size", "epochs", "batch_size"):
        assert getattr(run, field) == blind[field]
    assert run.optimizer.model_dump() == blind["optimizer"] | {"schedule": "constant"}
    assert run.network == blind["network"]
    assert run.regularizers == {"dropout": {"rate": 0.2}}  # the override
    assert run.data == "blind 0"


def test_splits_and_inits_are_crossed(raw_params: Raw) -> None:
    for variant in ("baseline", "drop", "ridge", "elastic"):
        cell = [
            (run.split, run.init, run.data)
            for run in planned(raw_params)
            if (run.setting, run.variant) == ("small", variant)
        ]
        assert cell == [(split, init, f"small {split}") for split in range(3) for init in range(2)]


def test_a_variant_that_no_setting_takes_has_no_runs(raw_params: Raw) -> None:
    raw_params["settings"]["small"]["variants"] = ["ridge", "probed", "plain"]
    assert asking.resolved(asking.check(raw_params))["elastic"] == {}


def test_a_label_that_is_used_twice_is_refused(raw_params: Raw) -> None:
    study = asking.check(raw_params)
    cell = Cell("small", "baseline", [(study.settings["small"], None)], question="mine", label="same")
    with pytest.raises(ValueError, match=r"small/baseline/mine/same: expected a label that no other cell"):
        plan.resolve(study.stages, [cell, cell], {"small": ["a", "b", "c"]})


# ---- candidates ----


def test_a_list_makes_candidates_walked_together(edited: Edited) -> None:
    lists = {"variants.elastic.l1.strength": [0.1, 0.2], "variants.elastic.l2.strength": [0.3, 0.4]}
    first, second = of_settings(asking.check(edited(lists)))["small/elastic"]
    for number, candidate, values in ((0, first, (0.1, 0.3)), (1, second, (0.2, 0.4))):
        mix = {"l1": {"strength": values[0]}, "l2": {"strength": values[1]}}
        assert all(run.regularizers == mix for run in (*candidate.trials, *candidate.runs))
        trials = [(run.trial, run.split, run.init) for run in candidate.trials]
        assert trials == [(number, -1, 0), (number, -2, 0)]
        replicates = [(None, split, init) for split in range(3) for init in range(2)]
        assert [(run.trial, run.split, run.init) for run in candidate.runs] == replicates


def test_the_tuned_baseline_changes_epochs_and_rate_alone(raw_params: Raw) -> None:
    cells = of_settings(asking.check(raw_params))
    assert [name for name in cells if name.endswith("tuned_baseline")] == ["small/tuned_baseline"]
    (baseline,) = cells["small/baseline"]
    changed = {"variant", "key", "epochs", "optimizer"}
    lists = raw_params["tuning"]["baseline"]
    for candidate, epochs, rate in zip(
        cells["small/tuned_baseline"], lists["epochs"], lists["learning_rate"], strict=True
    ):
        for run, plain in zip(candidate.runs, baseline.runs, strict=True):
            assert run.model_dump(exclude=changed) == plain.model_dump(exclude=changed)
            assert (run.epochs, run.optimizer.learning_rate) == (epochs, rate)


def test_the_trials_of_all_variants_are_paired(edited: Edited) -> None:
    cells = of_settings(asking.check(edited({"variants.ridge.l2.strength": [0.1, 0.2]})))
    shared = ("split", "init_seed", "order_seed", "noise_seed", "data")
    trials = {
        tuple(tuple(getattr(run, field) for field in shared) for run in candidate.trials)
        for name in ("ridge", "tuned_baseline")
        for candidate in cells[f"small/{name}"]
    }
    assert len(trials) == 1


# ---- the union ----


def test_equal_keys_are_one_run_called_as_it_is_asked_for_first(tiny_run: MakeRun) -> None:
    first, same = tiny_run(key="a", curves=False), tiny_run(setting="later", key="a", curves=True)
    united = plan.union([first, tiny_run(key="b"), same])
    assert [(run.key, run.setting) for run in united] == [("a", "tiny"), ("b", "tiny")]
    assert united[0].curves  # which somebody looks at


def test_a_strength_path_shares_the_runs_of_its_variant(raw_params: Raw) -> None:
    cells = asking.resolved(asking.check(raw_params))["probed"]
    for number, strength in enumerate((0.001, 0.002)):
        (path,) = cells[f"small/probed/tradeoff/strength={strength:g}"]
        candidate = cells["small/probed"][number]
        keys = [run.key for run in candidate.runs if run.init == 0]
        assert [run.key for run in path.runs] == keys
    trained = {run.key for run in plan.every_run(cells)}
    # 2 candidates x (2 trials + 3 x 2 runs); then 2 conditions x 2 candidates x (1 trial + 3 runs).
    assert len(trained) == 2 * (2 + 6) + 2 * 2 * (1 + 3)
    # The trials; and of one candidate the runs. The paths add the first initialisations of the other.
    count, _ = plan.expected(cells)
    assert count == 2 * 2 + (6 + 3) + 2 * 2 * 1 + 2 * 3


# ---- seeds ----


def seeds(raw: Raw, field: str) -> dict[tuple[str, str, int, int], int]:
    return {(run.setting, run.variant, run.split, run.init): getattr(run, field) for run in planned(raw)}


def test_an_init_is_shared_across_splits_and_variants(raw_params: Raw) -> None:
    by_init: dict[int, set[int]] = {}
    for (setting, _, _, init), seed in seeds(raw_params, "init_seed").items():
        if setting == "small":
            by_init.setdefault(init, set()).add(seed)
    assert [len(shared) for shared in by_init.values()] == [1, 1]
    assert len(set.union(*by_init.values())) == 2


def test_a_single_init_is_the_training_sets_own(edited: Edited) -> None:
    by_split: dict[int, set[int]] = {}
    for (setting, _, split, _), seed in seeds(
        edited({"settings.small.inits": 1, "settings.small.crossed": False}), "init_seed"
    ).items():
        if setting == "small":
            by_split.setdefault(split, set()).add(seed)
    assert [len(shared) for shared in by_split.values()] == [1] * 3  # shared by the variants
    assert len(set.union(*by_split.values())) == 3


@pytest.mark.parametrize("field", ["order_seed", "noise_seed"])
def test_a_replicate_is_shared_across_variants_and_differs_from_the_others(
    raw_params: Raw, field: str
) -> None:
    by_replicate: dict[tuple[int, int], set[int]] = {}
    for (setting, _, split, init), seed in seeds(raw_params, field).items():
        if setting == "small":
            by_replicate.setdefault((split, init), set()).add(seed)
    assert [len(shared) for shared in by_replicate.values()] == [1] * 6
    assert len(set.union(*by_replicate.values())) == 6


@pytest.mark.parametrize("field", ["init_seed", "order_seed", "noise_seed"])
def test_settings_with_one_seed_share_it_and_others_do_not(edited: Edited, field: str) -> None:
    for other, shared in ((1, True), (2, False)):
        found = seeds(edited({"settings.blind.seed": other}), field)
        for init in (0, 1):
            same = found["small", "baseline", 0, init] == found["blind", "baseline", 0, init]
            assert same is shared


def test_the_three_seeds_of_a_run_differ(raw_params: Raw) -> None:
    for run in planned(raw_params):
        assert len({run.init_seed, run.order_seed, run.noise_seed}) == 3


# ---- one graph, and files ----


def test_replicates_share_a_condition_and_variants_do_not(raw_params: Raw) -> None:
    conditions: dict[tuple[str, str], set[Run]] = {}
    for run in planned(raw_params):
        conditions.setdefault((run.setting, run.variant), set()).add(run.condition)
    assert {len(shared) for shared in conditions.values()} == {1}
    assert len(set.union(*conditions.values())) == len(conditions) == 6


def test_writing_and_reading_give_the_same_runs(tmp_path: Path, raw_params: Raw) -> None:
    plans = asking.resolved(asking.check(raw_params))
    plan.write(tmp_path / "not" / "yet", plans)
    files = sorted(path.name for path in (tmp_path / "not" / "yet").iterdir())
    assert files == sorted(f"{name}.json" for name in ["baseline", *raw_params["variants"]])
    for stage, cells in plans.items():
        assert plan.read(tmp_path / "not" / "yet" / f"{stage}.json") == cells


def test_the_plan_of_a_variant_that_is_gone_goes(tmp_path: Path, edited: Edited, raw_params: Raw) -> None:
    for raw in (edited({}), edited({"variants.elastic": ...})):
        plan.write(tmp_path / "plan", asking.resolved(asking.check(raw)))
    files = sorted(path.name for path in (tmp_path / "plan").iterdir())
    kept = {"baseline", *raw_params["variants"]} - {"elastic"}
    assert files == sorted(f"{name}.json" for name in kept)
