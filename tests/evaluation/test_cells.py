"""The finished cells of a stage, as the settings and questions asked for them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.evaluation.cells import read
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.system.errors import UserError
from tests.evaluation import made_up
from tests.evaluation.made_up import LABELS, write

MakeRun = Callable[..., Run]


def test_the_settings_and_each_question_have_their_own_cells(tmp_path: Path, tiny_run: MakeRun) -> None:
    """Also where they share runs."""
    runs = [tiny_run(split=split, key=f"key-{split}") for split in (0, 1)]
    asked = [
        run.model_copy(update={"question": question, "label": label})
        for question, label in (("tradeoff", "a"), ("tradeoff", "b"), ("choice", ""))
        for run in runs
    ]
    write(tmp_path, "baseline", [*runs, *asked])

    def labels(*question: str) -> list[str]:
        cells = list(read(tmp_path, "baseline", *question))
        assert all([record.run.key for record in cell.records] == ["key-0", "key-1"] for cell in cells)
        return [cell.label for cell in cells]

    assert labels() == [""]
    assert labels("tradeoff") == ["a", "b"]
    assert labels("choice") == [""]
    assert labels("weights") == []


def test_the_networks_come_in_the_order_of_the_records(
    tmp_path: Path, tiny_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """relu(x W + b), whose W tells which run it is of."""

    def trained(run: Run) -> Result:
        number = 2.0 * run.split + run.init
        hidden = {"hidden_1/kernel": np.full((4, 3), number), "hidden_1/bias": np.array([1.0, 2.0, 3.0])}
        weights = hidden | {"logits/kernel": np.eye(3), "logits/bias": np.zeros(3)}
        return replace(plain(run), weights={name: w.astype(np.float32) for name, w in weights.items()})

    plain = made_up.made_up
    monkeypatch.setattr(made_up, "made_up", trained)
    write(tmp_path, "baseline", [tiny_run(split=d, init=i, key=f"{d}{i}") for d in (0, 1) for i in (0, 1)])
    (cell,) = read(tmp_path, "baseline")
    networks = list(cell.networks())
    assert [run for run, _ in networks] == [record.run for record in cell.records]
    for number, (_, network) in enumerate(networks):
        assert network.logits(np.ones((1, 4), np.float32)).tolist() == [[4 * number + c for c in (1, 2, 3)]]


def test_a_run_that_diverged_is_named(
    tmp_path: Path, tiny_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = made_up.made_up

    def diverged(run: Run) -> Result:
        result = plain(run)
        return replace(result, logits=result.logits * (np.nan if run.split else 1.0))

    monkeypatch.setattr(made_up, "made_up", diverged)
    write(tmp_path, "baseline", [tiny_run(split=split, key=f"key-{split}") for split in (0, 1)])
    (cell,) = read(tmp_path, "baseline")
    with pytest.raises(UserError, match=r"^tiny/baseline/split-01-init-00: expected finite logits, received"):
        cell.wrong(LABELS)
    assert cell.score("test_error").shape == (2, 1)  # which the record has
    assert cell.first(1).wrong(LABELS).shape == (1, 20)
