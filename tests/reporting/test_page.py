"""The report stage: the page says what the tables say, and shows the figures that are drawn."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline import params, plan, records
from pipeline.data import prepared
from pipeline.reporting import figures, html
from pipeline.stages import report
from tests.reporting import examples
from tests.reporting.test_html import self_contained

IMAGE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")
VERDICTS = [
    {"claim": number, "text": f"So {number}.", "verdict": "refuted", "finding": "No.", "published": "Yes."}
    for number in "123456789"
]


@pytest.fixture
def stage(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    raw_params: dict[str, Any],
    make_summary: Callable[..., pd.DataFrame],
    make_differences: Callable[..., pd.DataFrame],
) -> Path:
    """A folder as the evaluate stage leaves it, of a study whose setting `blind` holds nothing out."""
    YAML().dump(raw_params, tmp_path / "params.yaml")
    small, blind = ["drop", "ridge", "elastic"], ["drop"]
    estimates = {
        "small": {v: {"test_error": 46.0 - 3 * place} for place, v in enumerate(["baseline", *small])},
        "blind": {v: {"test_error": 60.0} for v in ["baseline", *blind]},
    }
    changes = {"small": {v: {"p": 0.01} for v in small}, "blind": {v: {} for v in blind}}
    curves = [
        {"setting": setting, "variant": variant, "epoch": epoch, "metric": f"{part}_cross_entropy"}
        for setting, variants in estimates.items()
        for variant in variants
        for part in ("train", "validation")
        for epoch in (1, 2)
    ]
    tried = [
        {"setting": "small", "variant": "ridge", "candidate": n, "values": f"n={n}", "chosen": n == 1}
        for n in range(3)
    ]
    (tmp_path / "reports" / "tables").mkdir(parents=True)
    for name, table in {
        "runs": pd.DataFrame(
            {"setting": setting, "variant": variant, "split": 0, "init": init, "epochs": 3}
            | {"run_key": f"{setting}-{variant}-{init}"}
            | {"validation_cross_entropy": 1.0 - init if setting == "small" else None}
            for setting, variants in estimates.items()
            for variant in variants
            for init in (0, 1)
        ),
        "summary": make_summary(estimates),
        "differences": make_differences(changes),
        "tuning": pd.DataFrame(tried),
        "decomposition": examples.probes()["decomposition"],
        "curves": pd.DataFrame(curves).assign(estimate=1.0, low=0.5, high=1.5, n=3),
    }.items():
        table.to_csv(tmp_path / "reports" / "tables" / f"{name}.csv", index=False)
    study = params.check(raw_params)
    planned = plan.resolve(study, dict.fromkeys(study.draws(), "digest"))
    plan.write(tmp_path / records.PLANS, planned)
    (tmp_path / "reports" / "claims").mkdir()
    for name, table in {"verdicts": pd.DataFrame(VERDICTS), "evidence": examples.evidence()}.items():
        table.to_csv(tmp_path / "reports" / "claims" / f"{name}.csv", index=False)
    for name, table in examples.probes().items():
        path = tmp_path / "reports" / "probes" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False)
    for probe in (
        "ablation",
        "learning_rates",
        "map",
        "monte_carlo",
        "stopping",
        "strength_paths",
        "textbook",
        "weights",
    ):
        (tmp_path / "reports" / "probes" / probe).mkdir(exist_ok=True)
        (tmp_path / "reports" / "probes" / probe / "figure.png").write_bytes(b"\x89PNG")
    (tmp_path / prepared.IMAGES).mkdir(parents=True)
    for part, count in (("train", 7000), ("test", 5000)):
        np.save(tmp_path / prepared.IMAGES / f"{part}_images.npy", np.zeros((count, 6, 6), np.uint8))
        np.save(tmp_path / prepared.IMAGES / f"{part}_labels.npy", np.zeros(count, np.uint8))
    (tmp_path / prepared.SPLITS).mkdir(parents=True)
    digests = {"small": "5a" * 32, "blind": "b1" * 32}
    (tmp_path / prepared.DIGESTS).write_text(json.dumps(digests), encoding="utf-8")
    stale = tmp_path / "reports" / "figures" / "curves_gone.png"
    stale.parent.mkdir()
    stale.write_bytes(b"of a setting that is no longer declared")
    monkeypatch.setattr(report, "ROOT", tmp_path)
    monkeypatch.setattr(report, "REPORTS", tmp_path / "reports")
    return tmp_path / "reports"


def test_every_image_of_the_page_is_drawn_and_every_drawing_shown(stage: Path) -> None:
    report.write_page()
    page = (stage / "report.md").read_text(encoding="utf-8")
    drawn = sorted(f"figures/{path.name}" for path in (stage / "figures").iterdir())
    names = ["bias_variance", "curves_small", "differences", "gap"]  # `blind` has no validation images
    assert drawn == [f"figures/{name}.{ending}" for name in names for ending in ("csv", "png")]
    images = sorted(image for image in IMAGE.findall(page) if image.startswith("figures/"))
    assert images == [f"figures/{name}.png" for name in names]
    links = re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", page)
    assert {f"figures/{name}.csv" for name in names} | {"tables/runs.csv", "tables/tuning.csv"} <= set(links)
    elsewhere = ("probes/", "claims/", "../", "#")  # of other stages, or no file
    own = [link for link in links if not link.startswith(elsewhere)]
    assert [link for link in own if not (stage / link).exists()] == []


def test_the_numbers_beside_a_figure_are_those_it_shows(stage: Path) -> None:
    report.write_page()
    beside = pd.read_csv(stage / "figures" / "differences.csv")
    table = pd.read_csv(stage / "tables" / "differences.csv")
    expected = table[table.metric == "test_error"].reset_index(drop=True)
    pd.testing.assert_frame_equal(beside, expected, check_dtype=False)
    assert set(pd.read_csv(stage / "figures" / "curves_small.csv").setting) == {"small"}


def test_the_page_for_a_browser_needs_nothing_else(stage: Path) -> None:
    report.write_page()
    page = (stage / "report.html").read_text(encoding="utf-8")
    self_contained(page)
    assert page.count("<img ") == len(IMAGE.findall((stage / "report.md").read_text(encoding="utf-8"))) == 12
    assert str(stage.parent) not in page


def test_the_page_says_what_the_tables_and_the_data_say(stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "every", lambda *_: {})
    monkeypatch.setattr(html, "page", lambda *_: "")
    report.write_page()
    page = (stage / "report.md").read_text(encoding="utf-8")
    # Changes of 1 each, beyond chance: a rise by all three, in the one setting with several variants.
    first = page.split("\n\n")[1]
    assert first.startswith(
        "**None of 3 variants lowers the test error beyond chance in `small` (50 images)**"
    )
    assert "What fails: 3 of 3 raise it in `small`, most of all" in first
    assert (
        "In `blind` (50 images) `drop` changes the error of the baseline by +1.00 [+0.95, +1.10] points"
        in first
    )
    assert "The verdicts on the 9 claims of the source text: 9 refuted." in first
    assert "| `ridge` | +1.00 [+0.95, +1.10] ▲ |  |" in page
    assert "| `ridge` | 40.00 [39.90, 40.20] | " in page
    # 6 runs of seven variants in `small`, 3 of two in `blind`; 6 + 18 + 12 of the probes; 4 + 4 + 4 trials.
    counts = {"of the variants": 48, "of the probes": 36, "to choose by": 12}
    for what, count in counts.items():
        assert f"| Keras runs {what} | {count} |" in page
    assert "**1. So 1.** *Refuted.* No.\nPublished: Yes." in page
    assert "| variant | `small` |\n| --- | --- |\n| `ridge` | n=1 |" in page
    assert f"| data of `small`, sha256 | `{'5a' * 8}…` |" in page
    assert "| seed of `blind` | 1 |" in page
    # the lowest error of the summary, and sqrt(37 x 63 / 5000)
    assert "5,000 images, and an error of 37.0 % is itself known to\n  0.68 points" in page
    assert "0 of 1 choices lie at an end" in page
    assert "| `small` | `ridge` | 0, 1 | `tags.run_key = 'small-ridge-1'` |" in page
    assert "| `blind` | `drop` | 0, 0 | `tags.run_key = 'blind-drop-0'` |" in page
    assert "nan" not in page.lower()
    report.write_page()
    assert (stage / "report.md").read_text(encoding="utf-8") == page
