"""What DVC's own commands show: metrics within 120 columns, plots from our templates, the champion."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline.evaluation import champion, tables
from pipeline.science import metrics
from pipeline.system.files import dotted, read_table, write_metrics, write_table
from tests.sources import REPOSITORY

DECLARED = YAML(typ="safe").load(REPOSITORY / "dvc.yaml")
PLOTS = {name: looks for plot in DECLARED["plots"] for name, looks in plot.items()}
SETTINGS = ("notebook", "small", "noisy", "fashion", "deep", "conv", "distracted")
VARIANTS = ("baseline", "tuned_baseline", "l2", "augmentation")
HELD_BACK = "reports/metrics"


class Checkout:
    """A repository with what `evaluate` and one question leave, made up, and DVC's views of ours."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.run("git", "init", "--quiet")
        self.run("dvc", "init", "--quiet")
        shutil.copytree(REPOSITORY / ".dvc" / "plots", root / ".dvc" / "plots")
        shutil.copy(REPOSITORY / ".gitignore", root)
        evaluate = DECLARED["stages"]["evaluate"]
        stages = {"evaluate": {"cmd": "true"} | {key: evaluate[key] for key in ("outs", "metrics")}}
        views = {"stages": stages, "artifacts": DECLARED["artifacts"], "plots": DECLARED["plots"]}
        YAML().dump(views, root / "dvc.yaml")
        (root / "results").mkdir()
        (root / "results" / "inputs.json").write_text("{}", encoding="utf-8")
        np.savez(root / champion.FILE, kernel=np.arange(3))
        self.tabulate(0.0)
        question = {"measured": {"small": {"error": {"regret": 0.25}}}, "claims": {"1a": {"holds": 2}}}
        write_metrics(root / HELD_BACK / "asked.json", dotted(question))
        self.commit("first")

    def tabulate(self, more: float) -> None:
        """Write the tables and metrics of a study whose errors are so much higher."""
        rows = [
            (setting, variant, name, 10.0 + place + more, 9.0 + place + more, 12.0 + place + more)
            for place, setting in enumerate(SETTINGS)
            for variant in VARIANTS
            for name in metrics.METRICS
        ]
        summary = pd.DataFrame(rows, columns=["setting", "variant", "metric", "estimate", "low", "high"])
        overview = tables.overview(summary)
        curves = [frame.assign(epoch=epoch) for frame in (summary,) for epoch in (1, 2, 3)]
        folder = self.root / "reports"
        write_table(folder / "tables" / "overview.csv", overview)
        write_table(folder / "tables" / "curves.csv", pd.concat(curves))
        write_metrics(folder / "metrics" / "study.json", tables.headline(overview))
        for variant, errors in tables.errors_by_variant(overview).items():
            write_metrics(folder / "test_error" / f"{variant}.json", errors)

    def commit(self, message: str) -> None:
        self.run("dvc", "commit", "--force", "--quiet")
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--no-verify", "--message", message)

    def run(self, *command: str) -> tuple[str, str]:
        who = {
            f"GIT_{role}_{field}": "a@b" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")
        }
        ended = subprocess.run(
            command,
            cwd=self.root,
            env=os.environ | who | {"PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout, ended.stderr


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("checkout"))


def test_the_metrics_are_a_row_a_variant_within_120_columns(checkout: Checkout) -> None:
    shown, errors = checkout.run("dvc", "metrics", "show")
    assert errors == ""
    head, *rows = shown.splitlines()
    assert max(map(len, (head, *rows))) <= 120
    assert head.split() == ["Path", *sorted(SETTINGS)]
    assert [row.split()[0] for row in rows] == [
        f"reports/test_error/{name}.json" for name in sorted(VARIANTS)
    ]
    by_setting = dict(zip(SETTINGS, np.arange(10.0, 17.0), strict=True))
    assert [float(cell) for cell in rows[0].split()[1:]] == [by_setting[name] for name in sorted(SETTINGS)]


def test_a_number_of_a_question_raises_no_false_alarm(checkout: Checkout) -> None:
    """DVC tells a key `error` as metrics that it failed to load."""
    shown, errors = checkout.run("dvc", "metrics", "show", "--json", HELD_BACK)
    assert errors == ""
    assert json.loads(shown)[""]["data"].keys() == {f"{HELD_BACK}/{name}.json" for name in ("asked", "study")}


def test_every_other_number_is_compared_when_it_is_asked_for(checkout: Checkout) -> None:
    shown, errors = checkout.run("dvc", "metrics", "diff", "--all", "--json", "--targets", HELD_BACK)
    assert errors == ""
    compared = json.loads(shown)
    assert compared[f"{HELD_BACK}/asked.json"].keys() == {"measured.small.error.regret", "claims.1a.holds"}
    assert compared[f"{HELD_BACK}/study.json"]["small.l2.gap"]["new"] == 11.0


def fields(spec: Any) -> Iterator[str]:
    """Every field that a specification names."""
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key in ("field", "groupby", "fields"):
                yield from [value] if isinstance(value, str) else value
            elif key == "calculate":
                yield from re.findall(r"datum(?:\.(\w+)|\['(\w+)'\])", value)[0]
            elif key != "values":
                yield from fields(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from fields(value)


def made(spec: Any) -> set[str]:
    """The fields that its transforms make."""
    steps = [inner for step in spec.get("transform", []) for inner in (step, *step.get("joinaggregate", []))]
    return {step["as"] for step in steps if "as" in step}


@pytest.fixture(scope="module")
def plots(checkout: Checkout) -> dict[str, Any]:
    """The plots that DVC draws, by their names."""
    shown, errors = checkout.run("dvc", "plots", "show", "--json")
    assert errors == ""
    drawn: dict[str, Any] = json.loads(shown)["data"]
    return drawn


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_has_its_words_and_the_columns_that_it_names(
    checkout: Checkout, plots: dict[str, Any], name: str
) -> None:
    (drawn,) = plots[name]
    text = drawn["content"] if isinstance(drawn["content"], str) else json.dumps(drawn["content"])
    spec = json.loads(text)
    assert "<DVC_METRIC" not in text
    looks = PLOTS[name]
    assert spec["title"]["text"] == looks["title"]
    for label in (value for key, value in looks.items() if key.endswith("_label")):
        assert f'"title": "{label}"' in text
    ((table, _),) = looks["y"].items()
    columns = {*read_table(checkout.root / table).columns, "rev"}
    assert {field for field in fields(spec) if field} <= columns | made(spec)
    assert "setting" in json.dumps(spec["facet"])  # settings stand apart
    ends = {field for field in fields(spec) if field.endswith(("low", "high"))}
    assert len(ends) >= 2  # and every number has its limits
    assert {row["setting"] for row in spec["data"]["values"]} == set(SETTINGS)


def test_plots_of_two_revisions_and_the_metrics_that_changed(checkout: Checkout) -> None:
    checkout.tabulate(1.0)
    shown, errors = checkout.run("dvc", "metrics", "diff", "--json")
    assert errors == ""
    change = json.loads(shown)["reports/test_error/l2.json"]["small"]
    assert change == {"old": 11.0, "new": 12.0, "diff": 1.0}
    shown, errors = checkout.run("dvc", "plots", "diff", "HEAD", "--json")
    assert errors == ""
    for (drawn,) in json.loads(shown)["data"].values():
        assert set(drawn["revisions"]) == {"HEAD", "workspace"}
    checkout.tabulate(0.0)


def test_the_commands_of_the_page_and_a_champion_without_mlflow(checkout: Checkout) -> None:
    page = (REPOSITORY / "docs" / "terminal.md").read_text(encoding="utf-8")
    typed = re.findall(r"^\$ (.+)$", page, re.MULTILINE)
    assert typed[-1].startswith("dvc artifacts get . ")
    for line in typed:
        said, errors = checkout.run(*line.split())
        assert errors == ""
    assert said == "Downloaded 1 file(s) to 'champion.npz'\n"
    assert (checkout.root / "champion.npz").read_bytes() == (checkout.root / champion.FILE).read_bytes()
    assert champion.FILE.as_posix() == DECLARED["artifacts"]["champion"]["path"]
