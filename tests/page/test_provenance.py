"""Where the numbers come from: runs counted once, and the classes of processor that trained them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import plan, records
from pipeline.datasets import prepared
from pipeline.page import provenance
from pipeline.params import Params
from pipeline.plan import Cell
from pipeline.records import Choice
from tests.page.examples import checked
from tests.records.results import result

Processor = Callable[[int], str]  # of a run by its number
DIGESTS = {"small": ["5a" * 32] * 5, "blind": ["b1" * 32] * 3}


@pytest.fixture
def study(raw_params: dict[str, Any]) -> Params:
    return checked(raw_params)


def asked(study: Params) -> Iterator[Cell]:
    """What a question asks for: a cell of the study once more, and one of its own with two training sets."""
    small, mix = study.settings["small"], study.candidates("small")["ridge"][0]
    yield Cell("small", "ridge", [(small, mix)], question="zeal", label="same")
    shorter = small.model_copy(update={"epochs": 1, "splits": 2, "inits": 1})
    yield Cell("small", "ridge", [(shorter, mix)], question="zeal", label="shorter")


def finished(root: Path, study: Params, processor: Processor) -> None:
    """Leave results and data as the stages before the report leave them."""
    plans = plan.resolve(study.stages, [*plan.of_settings(study), *asked(study)], DIGESTS)
    number = 0
    for stage, planned in plans.items():
        results = {}
        for run in plan.every_run(planned):
            results[run.key] = replace(result(run, number), processor=processor(number))
            number += 1
        choices = {name: Choice(candidate=0, losses=[]) for name in planned}
        records.write(root, stage, planned, choices, results)
    for source, side, classes in (("mnist", 6, 10), ("fashion_mnist", 5, 4)):
        folder = root / "data" / "images" / source
        folder.mkdir(parents=True)
        for part, count in (("train", 7000), ("test", 5000)):
            np.save(folder / f"{part}_images.npy", np.zeros((count, side, side), np.uint8))
            np.save(folder / f"{part}_labels.npy", np.arange(count, dtype=np.uint8) % classes)
    (root / prepared.SPLITS).mkdir(parents=True)
    (root / prepared.DIGESTS).write_text(json.dumps(DIGESTS), encoding="utf-8")


def test_a_run_that_is_asked_for_twice_counts_once(tmp_path: Path, study: Params) -> None:
    finished(tmp_path, study, lambda number: "Xeon")
    table = provenance.values(tmp_path, study)["provenance"]
    # Six replicates of seven cells in `small`, three of two in `blind`; the question adds two runs to its six
    # that were there. Two cells have two candidates, each tried on two training sets.
    assert table["Keras runs of the variants"] == "48"
    assert table["Keras runs of the questions"] == "2"
    assert table["Keras runs to choose by"] == "8"
    assert table["processor"] == "`Xeon` (58 runs)"
    assert "processors" not in table


def test_several_classes_of_processor_are_named_the_most_used_first(tmp_path: Path, study: Params) -> None:
    finished(tmp_path, study, lambda number: "Xeon | old" if number < 10 else "EPYC")
    values = provenance.values(tmp_path, study)
    assert values["processors"] == ["EPYC", "Xeon | old"]
    assert values["provenance"]["processors"] == "`EPYC` (48 runs), `Xeon \\| old` (10 runs)"
    assert "processor" not in values["provenance"]


def test_the_data_and_the_seeds(tmp_path: Path, study: Params) -> None:
    finished(tmp_path, study, lambda number: "Xeon")
    table = provenance.values(tmp_path, study)["provenance"]
    assert table["data"] == "`mnist`: 7,000 training and 5,000 test images of 6 x 6, 10 classes"
    assert [row for row in table if row.startswith("data of") and not row.endswith("sha256")] == []
    assert table["data of `small`, sha256"] != table["data of `blind`, sha256"]
    assert table["seed of `blind`"] == "1"
    assert table["seed of the held-out images"] == "0"
    assert table["versions"].startswith("tensorflow ")


def test_every_source_has_a_row_that_names_its_settings(tmp_path: Path, raw_params: dict[str, Any]) -> None:
    raw_params["settings"]["blind"]["data"] = "fashion_mnist"
    study = checked(raw_params)
    finished(tmp_path, study, lambda number: "Xeon")
    table = provenance.values(tmp_path, study)["provenance"]
    assert table["data of `small`"] == "`mnist`: 7,000 training and 5,000 test images of 6 x 6, 10 classes"
    assert table["data of `blind`"] == (
        "`fashion_mnist`: 7,000 training and 5,000 test images of 5 x 5, 4 classes"
    )
    assert "data" not in table


def test_what_was_changed_of_the_images_is_said(tmp_path: Path, study: Params) -> None:
    finished(tmp_path, study, lambda number: "Xeon")
    assert not [what for what in provenance.values(tmp_path, study)["provenance"] if "changed of" in what]
    notes = ["the labels 1 to 26 are counted from 0", "a|b is left out"]
    path = tmp_path / prepared.folder("mnist") / prepared.NOTES
    path.write_text(json.dumps(notes), encoding="utf-8")
    table = provenance.values(tmp_path, study)["provenance"]
    assert table["changed of `mnist`"] == "the labels 1 to 26 are counted from 0; a\\|b is left out"


@pytest.mark.parametrize(
    ("commit", "dirty", "said"),
    [
        ("c" * 40, False, "commit `cccccccccccc`"),
        ("c" * 40, True, "commit `cccccccccccc`, changed since"),
        ("", False, "not in git"),
    ],
)
def test_the_commit_is_named_where_there_is_one(
    tmp_path: Path, study: Params, monkeypatch: pytest.MonkeyPatch, commit: str, dirty: bool, said: str
) -> None:
    finished(tmp_path, study, lambda number: "Xeon")
    monkeypatch.setattr(provenance, "source_commit", lambda *_, **__: commit)
    monkeypatch.setattr(provenance, "dirty", lambda: dirty)
    assert provenance.values(tmp_path, study)["provenance"]["code and parameters"] == said
