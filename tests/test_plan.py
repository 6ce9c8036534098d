"""The runs that parameters imply, and what each of them is seeded with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline import params, plan
from pipeline.plan import Plan, Run

Raw = dict[str, Any]
Edited = Callable[[Raw], Raw]
DATA = {name: f"digest of {name}" for name in ("small", "blind", "wider", "noisier")}
PROBES = ("strength_paths", "learning_rates", "map")


def planned(raw: Raw) -> list[Run]:
    """The runs to report: here no variant has more than one candidate, and the tuned baseline is left out."""
    plans = of_variants(raw)
    for variant, one in plans.items():
        assert {run.variant for run in plan.every_run(one)} <= {variant}
    left_out = ("tuned_baseline", "probed", "plain")
    return [run for name, one in plans.items() if name not in left_out for run in plan.every_run(one)]


def of_variants(raw: Raw) -> dict[str, Plan]:
    """The plans of the variants, not those of the probes."""
    plans = plan.resolve(params.check(raw), DATA)
    return {name: one for name, one in plans.items() if name not in PROBES}


# ---- which runs ----


def test_the_committed_file_implies_every_replicate_of_every_variant(repository: Path) -> None:
    raw = YAML(typ="safe").load(repository / "params.yaml")
    expected = {}
    for name, setting in raw["settings"].items():
        taken = raw["variants"] if setting["variants"] == "all" else setting["variants"]
        tuned = ["tuned_baseline"] if setting["validation_size"] else []
        for variant in ["baseline", *tuned, *taken]:
            expected[variant, name] = setting["splits"] * setting["inits"]
    study = params.load(repository / "params.yaml")
    plans = plan.resolve(study, dict.fromkeys(study.draws(), "digest"))
    keys = [run.key for one in plans.values() for run in plan.every_run(one)]
    assert len(set(keys)) == len(keys)
    assert list(plans) == ["baseline", "tuned_baseline", *raw["variants"], *PROBES]
    for name in PROBES:
        del plans[name]
    for candidates in (listed for one in plans.values() for listed in one.values()):
        for one in candidates:
            assert len(one.runs) == expected[one.runs[0].variant, one.runs[0].setting]
            assert len(one.trials) == (raw["tuning"]["splits"] if len(candidates) > 1 else 0)
    assert {tuple(reversed(cell.split("/"))) for one in plans.values() for cell in one} == expected.keys()


def test_a_run_is_resolved(raw_params: Raw) -> None:
    run = next(run for run in planned(raw_params) if run.name == "blind/drop/split-00-init-01")
    blind = raw_params["settings"]["blind"]
    for field in ("train_size", "validation_size", "hidden", "activation", "epochs", "batch_size"):
        assert getattr(run, field) == blind[field]
    assert run.optimizer.model_dump() == {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}
    assert run.regularizers == {"dropout": {"rate": 0.2}}  # the override
    assert run.data == "digest of blind"


def test_splits_and_inits_are_crossed(raw_params: Raw) -> None:
    for variant in ("baseline", "drop", "ridge", "elastic"):
        cell = [
            (run.split, run.init)
            for run in planned(raw_params)
            if (run.setting, run.variant) == ("small", variant)
        ]
        assert cell == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]


def test_a_variant_that_no_setting_takes_has_no_runs(raw_params: Raw) -> None:
    raw_params["settings"]["small"]["variants"] = ["ridge", "probed", "plain"]
    assert plan.resolve(params.check(raw_params), DATA)["elastic"] == {}


# ---- candidates ----


def test_a_list_makes_candidates_walked_together(edited: Edited) -> None:
    lists = {"variants.elastic.l1.strength": [0.1, 0.2], "variants.elastic.l2.strength": [0.3, 0.4]}
    first, second = plan.resolve(params.check(edited(lists)), DATA)["elastic"]["small/elastic"]
    for number, one, values in ((0, first, (0.1, 0.3)), (1, second, (0.2, 0.4))):
        mix = {"l1": {"strength": values[0]}, "l2": {"strength": values[1]}}
        assert all(run.regularizers == mix for run in (*one.trials, *one.runs))
        assert [(run.trial, run.split, run.init) for run in one.trials] == [(number, 3, 0), (number, 4, 0)]
        replicates = [(split, init) for split in range(3) for init in range(2)]
        assert [(run.trial, run.split, run.init) for run in one.runs] == [(None, *at) for at in replicates]


def test_the_tuned_baseline_changes_epochs_and_rate_alone(raw_params: Raw) -> None:
    plans = plan.resolve(params.check(raw_params), DATA)
    assert plans["tuned_baseline"].keys() == {"small/tuned_baseline"}  # the other setting holds nothing out
    (baseline,) = plans["baseline"]["small/baseline"]
    own = ("variant", "key", "epochs", "optimizer")
    lists = raw_params["tuning"]["baseline"]
    for one, epochs, rate in zip(
        plans["tuned_baseline"]["small/tuned_baseline"], lists["epochs"], lists["learning_rate"], strict=True
    ):
        for run, plain in zip(one.runs, baseline.runs, strict=True):
            assert run.model_dump(exclude=set(own)) == plain.model_dump(exclude=set(own))
            assert (run.epochs, run.optimizer.learning_rate) == (epochs, rate)


def test_the_trials_of_all_variants_are_paired(edited: Edited) -> None:
    plans = plan.resolve(params.check(edited({"variants.ridge.l2.strength": [0.1, 0.2]})), DATA)
    shared = ("split", "init_seed", "order_seed", "noise_seed", "data")
    found = {
        tuple(tuple(getattr(run, field) for field in shared) for run in one.trials)
        for name in ("ridge", "tuned_baseline")
        for one in plans[name][f"small/{name}"]
    }
    assert len(found) == 1


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
    runs = planned(raw_params)
    conditions: dict[tuple[str, str], set[Run]] = {}
    for run in runs:
        conditions.setdefault((run.setting, run.variant), set()).add(run.condition)
    assert {len(shared) for shared in conditions.values()} == {1}
    assert len(set.union(*conditions.values())) == len(conditions) == 6


def test_writing_and_reading_give_the_same_runs(tmp_path: Path, raw_params: Raw) -> None:
    plans = plan.resolve(params.check(raw_params), DATA)
    plan.write(tmp_path / "not" / "yet", plans)
    files = sorted(path.name for path in (tmp_path / "not" / "yet").iterdir())
    names = sorted(["baseline", "tuned_baseline", *raw_params["variants"], *PROBES])
    assert files == [f"{name}.json" for name in names]
    for variant, one in plans.items():
        assert plan.read(tmp_path / "not" / "yet" / f"{variant}.json") == one


def test_the_plan_of_a_variant_that_is_gone_goes(tmp_path: Path, edited: Edited, raw_params: Raw) -> None:
    for raw in (edited({}), edited({"variants.elastic": ...})):
        plan.write(tmp_path / "plan", plan.resolve(params.check(raw), DATA))
    files = sorted(path.name for path in (tmp_path / "plan").iterdir())
    kept = {"baseline", "tuned_baseline", *raw_params["variants"], *PROBES} - {"elastic"}
    assert files == sorted(f"{name}.json" for name in kept)
