"""The report's page: its tables, what it refuses, and that it links the figures that are drawn."""

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline import params, plan, records
from pipeline.data import prepared
from pipeline.reporting import markdown
from pipeline.stages import report

Tables = dict[str, pd.DataFrame]
IMAGE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")
VALUES: dict[str, Any] = {
    "findings": ["The first sentence.", "The second sentence."],
    "conditions": {"wide": "`wide`: 50 images"},
    "rankings": {"wide": pd.DataFrame({"variant": ["`drop`"], "test error, %": ["2.34 [2.27, 2.41]"]})},
    "curve_settings": ["wide"],
    "test_size": 10000,
    "example_error": 2.04,
    "binomial": 0.1414,
    "tuning": {"splits": 2, "baseline": {"epochs": [1, 2, 3, 4, 5]}},
    "choices": pd.DataFrame({"variant": ["`drop`"], "`wide`": ["rate=0.5"]}),
    "provenance": {"Keras runs": "3", "seed of `wide`": "0"},
    "verdicts": [{"claim": "1", "text": "So.", "verdict": "refuted", "finding": "No.", "published": "Yes."}],
    "claims": pd.DataFrame({"claim": ["1"], "verdict": ["refuted"]}),
    "claims_counted": "Of the 1 claim, 1 refuted.",
}


def test_a_table() -> None:
    frame = pd.DataFrame({"variant": ["`drop`", "`ridge`"], "bias²": ["0.1 [0.0, 0.2]", ""], "n": [3, 10]})
    assert markdown.table(frame) == (
        "| variant | bias² | n |\n| --- | --- | --- |\n| `drop` | 0.1 [0.0, 0.2] | 3 |\n| `ridge` |  | 10 |"
    )


def test_a_table_without_rows_keeps_its_head() -> None:
    assert markdown.table(pd.DataFrame(columns=["a", "b"])) == "| a | b |\n| --- | --- |"


@pytest.mark.parametrize("missing", VALUES)
def test_a_missing_value_is_an_error(missing: str) -> None:
    values = {name: value for name, value in VALUES.items() if name != missing}
    # Python's own formatting of a value, as of `test_size`, refuses the stand-in for what is undefined.
    refusal = f"'{missing}' is undefined|passed to StrictUndefined"
    with pytest.raises((jinja2.UndefinedError, TypeError), match=refusal):
        markdown.render("report.md.j2", values)


def test_conditions_are_wanted_for_every_ranking() -> None:
    with pytest.raises(jinja2.UndefinedError, match="no attribute 'wide'"):
        markdown.render("report.md.j2", VALUES | {"conditions": {}})


def test_the_page_holds_its_values() -> None:
    page = markdown.render("report.md.j2", VALUES)
    assert page.startswith("# ")
    assert page.endswith("\n")
    assert "{{" not in page
    assert "{%" not in page
    assert "\nThe first sentence.\n\nThe second sentence.\n\n" in page
    assert "\n### Ranking in `wide`\n\n`wide`: 50 images. Means with 95 % intervals" in page
    assert "\n\n| variant | test error, % |\n| --- | --- |\n| `drop` | 2.34 [2.27, 2.41] |\n\n" in page
    assert "10,000 images: an error of 2.0 % is itself known to\n0.14 points" in page
    assert "\n\n| what | value |\n| --- | --- |\n| Keras runs | 3 |\n| seed of `wide` | 0 |\n\n" in page


def test_text_is_not_escaped() -> None:
    page = markdown.render("report.md.j2", VALUES | {"findings": ["a < b & 'c'"]})
    assert "\na < b & 'c'\n" in page


def test_headings_lists_and_images_stand_apart() -> None:
    """Markdown runs a line into the paragraph before it unless a blank line parts them."""
    lines = markdown.render("report.md.j2", VALUES).splitlines()
    for before, line in itertools.pairwise(lines):
        if line.startswith(("#", "![")):
            assert before == "", line
        if before.startswith(("#", "![")):
            assert line == "", before


# ---- the report stage ----


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
        "runs": pd.DataFrame({"run_key": [str(number) for number in range(1234)]}),
        "summary": make_summary(estimates),
        "differences": make_differences(changes),
        "tuning": pd.DataFrame(tried),
        "curves": pd.DataFrame(curves).assign(estimate=1.0, low=0.5, high=1.5, n=3),
    }.items():
        table.to_csv(tmp_path / "reports" / "tables" / f"{name}.csv", index=False)
    study = params.check(raw_params)
    planned = plan.resolve(study, dict.fromkeys(study.draws(), "digest"))
    plan.write(tmp_path / records.PLANS, planned)
    (tmp_path / "reports" / "claims").mkdir()
    verdicts = pd.DataFrame(VALUES["verdicts"])
    verdicts.to_csv(tmp_path / "reports" / "claims" / "verdicts.csv", index=False)
    (tmp_path / prepared.IMAGES).mkdir(parents=True)
    np.save(tmp_path / prepared.IMAGES / "test_labels.npy", np.zeros(5000, np.uint8))
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
    report.main()
    page = (stage / "report.md").read_text(encoding="utf-8")
    drawn = sorted(f"figures/{path.name}" for path in (stage / "figures").iterdir())
    assert drawn == [
        "figures/bias_variance.png",
        "figures/curves_small.png",  # `blind` has no validation images
        "figures/differences.png",
        "figures/gap.png",
    ]
    assert sorted(image for image in IMAGE.findall(page) if image.startswith("figures/")) == drawn
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert {"tables/runs.csv", "tables/tuning.csv"} <= set(links)
    elsewhere = ("probes/", "claims/", "../", "#")  # of other stages, or no file
    own = [link for link in links if not link.startswith(elsewhere)]
    assert [link for link in own if not (stage / link).exists()] == []


def test_the_page_says_what_the_tables_and_the_data_say(stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_draw", lambda *_: None)
    report.main()
    page = (stage / "report.md").read_text(encoding="utf-8")
    assert page.index("In **`small`**") < page.index("In **`blind`**")
    assert "| `ridge` | 40.00 [39.90, 40.20] | " in page
    # 6 runs of seven variants in `small`, 3 of two in `blind`; 6 + 18 + 12 of the probes; 4 + 4 + 4 trials.
    counts = {"of the variants": 48, "of the probes": 36, "to choose by": 12}
    for what, count in counts.items():
        assert f"| Keras runs {what} | {count} |" in page
    assert "**1. So.** *Refuted.* No.\nPublished: Yes." in page
    assert "| variant | `small` |\n| --- | --- |\n| `ridge` | n=1 |" in page
    assert f"| data of `small`, sha256 | `{'5a' * 8}…` |" in page
    assert "| seed of `blind` | 1 |" in page
    # the lowest error of the summary, and sqrt(37 x 63 / 5000)
    assert "5,000 images: an error of 37.0 % is itself known to\n0.68 points" in page
    assert "nan" not in page.lower()
    report.main()
    assert (stage / "report.md").read_text(encoding="utf-8") == page
