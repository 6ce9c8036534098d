"""A run that takes long tells of itself while it is trained, and says in the end what it would have said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.datasets.prepared import Replicate
from pipeline.plan import Run
from pipeline.training import live
from pipeline.training.trainer import train
from tests.training.test_trainer import identical

MakeRun = Callable[..., Run]


def test_the_epochs_so_far_are_read_while_it_trains(
    tmp_path: Path, tiny_run: MakeRun, tiny_data: Replicate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "AFTER", 0.0)
    run = tiny_run(epochs=4)
    reporter, follower = live.Reporter(tmp_path, run), live.Follower(tmp_path)
    told: list[dict[str, np.ndarray]] = []

    def report(epoch: int, row: dict[str, float]) -> None:
        reporter(epoch, row)
        told.extend(event.history for event in follower.news([run]))
        assert list(follower.news([run])) == []  # nothing twice

    result = train(run, tiny_data, report)
    assert [len(history["loss"]) for history in told] == [1, 2, 3, 4]
    for history in told:
        assert history.keys() == result.history.keys()
        for name, values in history.items():
            assert np.array_equal(values, result.history[name][: len(values)])
    assert identical(result, train(run, tiny_data))


def test_a_short_run_tells_nothing(tmp_path: Path, tiny_run: MakeRun) -> None:
    run = tiny_run()
    reporter = live.Reporter(tmp_path, run)
    reporter(0, {"loss": 1.0})
    assert list(live.Follower(tmp_path).news([run])) == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_half_written_is_never_read(
    tmp_path: Path, tiny_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "AFTER", 0.0)
    run = tiny_run()
    reporter = live.Reporter(tmp_path, run)
    reporter(0, {"loss": 0.5})
    whole = Path.write_text

    def half(path: Path, text: str, **given: Any) -> int:
        whole(path, text[: len(text) // 2], **given)
        raise OSError("the disk is full")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="disk"):
        reporter(1, {"loss": 0.25})
    (event,) = live.Follower(tmp_path).news([run])
    assert event.history["loss"].tolist() == [0.5]
