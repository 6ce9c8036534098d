"""The tutorial of a network, run as it stands in `docs/`."""

import re
from collections.abc import Mapping

import numpy as np
import pytest
from ruamel.yaml import YAML

from pipeline import toy
from tests.pipeline.clone import MEASURED, Clone
from tests.pipeline.tutorials import block, error, follow, ranking


def residual(weights: Mapping[str, np.ndarray], images: np.ndarray) -> np.ndarray:
    """The logits (n, 10) of the network on the page, of images (n, pixels) in [0, 1]."""

    def hidden(number: int, values: np.ndarray) -> np.ndarray:
        kernel, bias = (weights[f"hidden_{number}/{role}"] for role in ("kernel", "bias"))
        return np.maximum(values @ kernel + bias, 0)

    values = hidden(1, images)
    for first in (2, 4):
        values = values + hidden(first + 1, hidden(first, values))
    return np.asarray(values @ weights["logits/kernel"] + weights["logits/bias"])


def test_a_network_from_the_file_to_a_row_in_the_report(clone: Clone) -> None:
    page, name = "your-own-network.md", "residual"
    file = block(page, "python")
    (path,) = re.findall(r"^# (\S+)$", file.splitlines()[0])
    (clone.root / path).write_text(file, encoding="utf-8")
    before = {stage: clone.rows(stage) for stage in ("baseline", "l2", "dropout")}
    clone.edit({f"settings.{name}": YAML(typ="safe").load(block(page, "yaml"))["settings"][name]})
    toy.shrink(clone.root / "params.yaml")
    trained = {"baseline", "variant@l2", "variant@dropout"}
    ran = set(follow(clone, page))
    assert (
        {"prepare", "plan", "evaluate", "report"} | trained <= ran <= {"prepare", "plan"} | trained | MEASURED
    )
    for stage, rows in before.items():  # nothing that was there is trained again
        after = clone.rows(stage)
        assert {key: after[key]["final"] for key in rows} == {key: row["final"] for key, row in rows.items()}
    labels = np.load(clone.root / "data" / "images" / "mnist" / "test_labels.npy")
    shown = ranking(clone, name)
    assert set(shown) == {"baseline", "tuned_baseline", "l2", "dropout"}
    for variant in ("baseline", "l2", "dropout"):
        expected = error(clone, name, variant, labels)
        assert float(shown[variant][0].split()[0]) == pytest.approx(expected, abs=0.00501)
    images = np.load(clone.root / "data" / "images" / "mnist" / "test_images.npy")[:50].reshape(50, -1) / 255
    for key in [run["key"] for run in clone.cells("l2")[f"{name}/l2"]["runs"]]:
        with np.load(clone.root / "results" / "runs" / "l2" / f"{key}.npz") as archive:
            weights = {at.removeprefix("weights/"): archive[at] for at in archive.files if "/" in at}
            assert np.allclose(residual(weights, images), archive["logits"][:50], atol=1e-4)
    report = (clone.root / "reports" / "report.md").read_text("utf-8")
    assert "2 residual blocks of 64 units (relu), adam at 0.001, falling to zero along a cosine" in report
    assert f"What looks into the networks needs dense ones, and leaves out `{name}`." in report
    clone.python("pipeline", "verify").succeeded()
