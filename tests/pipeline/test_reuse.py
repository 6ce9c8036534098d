"""A run whose key has results is never trained again: in `repro`, in experiments, after a pull."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.pipeline.clone import Clone, Ended

STRONGER = {"variants.l2.l2.strength": 0.02}


def taken(ended: Ended, stage: str) -> tuple[int, int]:
    """How many runs a stage took over, and of how many."""
    said = re.findall(rf"^{stage}: (\d+) of (\d+) runs taken over", ended.output, re.MULTILINE)
    ((some, count),) = said or [("0", "0")]
    return int(some), int(count)


def trained(clone: Clone, stage: str) -> set[str]:
    """The keys of the runs that took time when the stage ran last."""
    path = clone.root / "results" / "timing" / f"{stage}.json"
    timing = json.loads(path.read_text(encoding="utf-8"))
    return {key for key, seconds in timing.items() if seconds}


def committed(clone: Clone) -> Clone:
    for command in ("git add --all", "git commit --quiet --no-verify --message reproduced"):
        clone.run(*command.split()).succeeded()
    return clone


def numbers(clone: Clone, stage: str, keys: Iterable[str]) -> dict[str, object]:
    rows = clone.rows(stage)
    return {key: (rows[key]["final"], rows[key]["history"]) for key in keys}


def test_another_candidate_trains_itself_and_what_its_choice_changes(clone: Clone) -> None:
    clone.without_questions()
    before = clone.rows("dropout")
    rates = clone.yaml("params.yaml")["variants"]["dropout"]["dropout"]["rate"]
    epochs = clone.yaml("params.yaml")["tuning"]["baseline"]["epochs"]
    lists = {"tuning.baseline.epochs": [*epochs, 1], "tuning.baseline.learning_rate": [0.001] * 3}
    clone.edit(lists | {"variants.dropout.dropout.rate": [*rates, 0.85]})
    ended = clone.run("dvc", "repro", "variant@dropout").succeeded()
    after = clone.rows("dropout")
    new = after.keys() - before.keys()
    assert {after[key]["run"]["regularizers"]["dropout"]["rate"] for key in new} == {0.85}
    assert trained(clone, "dropout") == new
    assert taken(ended, "dropout") == (len(after) - len(new), len(after))
    kept = after.keys() & before.keys()
    assert {key: before[key]["final"] for key in kept} == {key: after[key]["final"] for key in kept}
    clone.run("dvc", "repro").succeeded()  # the baseline, which has another candidate too
    clone.python("pipeline", "sync").succeeded()
    clone.python("pipeline", "verify").succeeded()


def test_more_replicates_train_the_added_ones(clone: Clone) -> None:
    before = clone.rows("l2")
    inits = clone.yaml("params.yaml")["settings"]["small"]["inits"]
    clone.edit({"settings.small.inits": inits + 1})
    ended = clone.run("dvc", "repro", "variant@l2").succeeded()
    after = clone.rows("l2")
    assert after.keys() > before.keys()
    assert {after[key]["run"]["init"] for key in after.keys() - before.keys()} == {inits}
    assert taken(ended, "l2") == (len(before), len(after))
    assert numbers(clone, "l2", before) == {
        key: (row["final"], row["history"]) for key, row in before.items()
    }


def test_what_was_taken_over_is_what_training_gives(clone: Clone) -> None:
    """Back and forth between two strengths; forced, the same bytes come out again."""
    files = clone.contents("results/runs/l2")
    clone.edit(STRONGER)
    assert taken(clone.run("dvc", "repro", "variant@l2").succeeded(), "l2") == (0, 0)
    committed(clone)
    clone.edit({"variants.l2.l2.strength": 0.001})
    # DVC has what it ran before in its cache of runs; without that, the stage finds the results itself.
    ended = clone.run("dvc", "repro", "--no-run-cache", "variant@l2").succeeded()
    assert ended.ran == ["plan", "variant@l2"]
    assert taken(ended, "l2") == (0, 0)  # of another strength: neither the work tree nor the commit locks it
    assert clone.contents("results/runs/l2") == files
    ended = clone.run("dvc", "repro", "--force", "--single-item", "variant@l2").succeeded()
    assert "taken over" not in ended.output
    assert trained(clone, "l2") == clone.rows("l2").keys()
    assert clone.contents("results/runs/l2") == files


def cached(clone: Clone) -> dict[str, bytes]:
    """The files that DVC has in its cache, by their digests; what it knows of runs is no file of ours."""
    return clone.contents(".dvc/cache/files")


def test_the_last_commit_counts_beside_the_work_tree(clone: Clone) -> None:
    committed(clone)
    before, cache = clone.rows("l2"), cached(clone)
    clone.edit(STRONGER)
    clone.run("dvc", "repro", "variant@l2").succeeded()
    clone.edit({"variants.l2.l2.strength": 0.001})
    ended = clone.run("dvc", "repro", "--no-run-cache", "variant@l2").succeeded()
    assert taken(ended, "l2") == (len(before), len(before))
    assert clone.rows("l2") == before
    after = cached(clone)  # which may be linked, and must never be written through
    assert {path: after[path] for path in cache} == cache


@pytest.mark.parametrize("where", ["--temp", "--queue"])
def test_an_experiment_elsewhere_takes_over_too(clone: Clone, where: str) -> None:
    committed(clone)
    count = len(clone.rows("l2"))
    more = f"settings.small.inits={clone.grid('small')[1] + 1}"
    ended = clone.run("dvc", "exp", "run", where, "--name", "more", "--set-param", more, "variant@l2")
    output = ended.succeeded().output
    if where == "--queue":
        output += clone.run("dvc", "exp", "run", "--run-all").succeeded().output
        output += clone.run("dvc", "queue", "logs", "more").succeeded().output
    assert f"l2: {count} of {count + clone.grid('small')[0]} runs taken over" in output
    clone.python("pipeline", "verify").succeeded()


def test_a_colleague_takes_over_after_a_pull(clone: Clone, tmp_path: Path) -> None:
    for command in ("dvc remote add --default away", "dvc push"):
        extra = [str(tmp_path / "remote")] if "add" in command else []
        clone.run(*command.split(), *extra).succeeded()
    committed(clone)
    clone.run("git", "clone", "--quiet", str(clone.root), str(tmp_path / "colleague")).succeeded()
    colleague = Clone(tmp_path / "colleague", clone.environment)
    colleague.run("dvc", "pull").succeeded()
    count = len(colleague.rows("l2"))
    colleague.edit({"settings.small.inits": clone.grid("small")[1] + 1})
    ended = colleague.run("dvc", "repro", "variant@l2").succeeded()
    assert taken(ended, "l2") == (count, count + clone.grid("small")[0])


def test_results_of_another_processor_are_taken_over_and_said(clone: Clone) -> None:
    """As if they had been trained elsewhere: the file says so, and DVC keeps the file."""
    path = clone.root / "results" / "runs" / "l2" / "runs.json"
    text = path.read_text(encoding="utf-8")
    processor = json.loads(text)[0]["processor"]
    path.unlink()
    path.write_text(text.replace(json.dumps(processor), '"Another Processor"'), encoding="utf-8")
    clone.run("dvc", "commit", "--force", "variant@l2").succeeded()
    clone.edit({"settings.small.inits": clone.grid("small")[1] + 1})
    ended = clone.run("dvc", "repro", "variant@l2").succeeded()
    assert f"were trained on Another Processor, and this is {processor}" in ended.errors
    assert {row["processor"] for row in clone.rows("l2").values()} == {"Another Processor", processor}
