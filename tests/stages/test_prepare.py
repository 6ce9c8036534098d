"""The stage prepare: the sources that settings name, each obtained once, and no other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.datasets import prepared
from pipeline.datasets.images import Dataset, Images
from pipeline.params import PUBLISHED
from pipeline.stages import prepare
from tests import asking

NOTE = "the labels 1 to 10 are counted from 0"
COUNTS = {"mnist": 400, "fashion_mnist": 500, "datasets/mine.npz": 360}
SIDES = {"mnist": 3, "fashion_mnist": 4, "datasets/mine.npz": 5}


def made_up(root: Path, source: str) -> Images:
    """As many images as the source has here, of its own size, in ten classes."""
    labels = np.arange(COUNTS[source], dtype=np.uint8) % 10
    pixels = np.zeros((COUNTS[source], SIDES[source], SIDES[source]), np.uint8)
    return Images(pixels, labels, pixels[:20], labels[:20])


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], list[str]]:
    """Run the stage on parameters, with made-up data; returns the sources that it obtained."""

    def with_parameters(raw: dict[str, Any]) -> list[str]:
        obtained: list[str] = []

        def dataset(root: Path, source: str) -> Dataset:
            obtained.append(source)
            return Dataset(made_up(root, source), (NOTE,) if source not in PUBLISHED else ())

        monkeypatch.setattr(prepare, "ROOT", tmp_path)
        monkeypatch.setattr("pipeline.questions.load", lambda path: asking.check(raw))
        monkeypatch.setattr("pipeline.datasets.obtain.dataset", dataset)
        monkeypatch.setattr("pipeline.tracking.experiment", lambda: None)
        prepare.main()
        return obtained

    return with_parameters


def test_one_source_for_all_settings_is_obtained_once(
    run: Callable[..., list[str]], raw_params: dict[str, Any], tmp_path: Path
) -> None:
    assert run(raw_params) == ["mnist"]
    assert [path.name for path in (tmp_path / "data" / "images").iterdir()] == ["mnist"]


def test_every_condition_is_drawn_from_its_own_source(
    run: Callable[..., list[str]], edited: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    raw = edited({"settings.small.data": "datasets/mine.npz", "settings.blind.data": "fashion_mnist"})
    assert run(raw) == ["datasets/mine.npz", "fashion_mnist"]
    assert prepared.read_notes(tmp_path, "datasets/mine.npz") == [NOTE]
    assert prepared.read_notes(tmp_path, "fashion_mnist") == []
    splits = {name: prepared.read_split(tmp_path, name) for name in ("small", "blind", "wider")}
    # 100 of the 360 are held out of what `small` and a condition of a question draw from.
    assert np.intersect1d(splits["small"].train, splits["small"].validation).size == 0
    assert splits["wider"].validation.tolist() == splits["small"].validation.tolist()
    assert splits["small"].train.max() < 360
    assert splits["blind"].train.max() < 500
    for name, source in (
        ("small", "datasets/mine.npz"),
        ("wider", "datasets/mine.npz"),
        ("blind", "fashion_mnist"),
    ):
        images = prepared.read_images(tmp_path, source)
        assert np.array_equal(splits[name].labels, images.train_labels[splits[name].train]), name
        assert images.train_images.shape[1:] == (SIDES[source],) * 2


def test_a_source_with_too_few_images_stops_before_anything_is_written(
    run: Callable[..., list[str]],
    edited: Callable[..., dict[str, Any]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raw = edited({"settings.small.data": "datasets/mine.npz", "settings.small.train_size": 60})
    with pytest.raises(SystemExit):
        run(raw)
    first, *_ = capsys.readouterr().err.splitlines()
    assert first == (
        "error: params.yaml: settings.small.train_size: expected 5 training sets, tuning included, of at "
        "most 260 images together, received 5 x 60 = 300"
    )
    assert not (tmp_path / "data").exists()
