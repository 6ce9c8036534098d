"""The report stage: the page says what the tables say, and shows the figures that are drawn."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline import questions
from pipeline.page import figures, html, page
from pipeline.page.answers import Answer
from pipeline.params import Params, Setting
from pipeline.params.sections import Section
from pipeline.stages import report
from pipeline.system.errors import UserError
from tests.page.examples import Asked, checked
from tests.page.test_html import self_contained
from tests.page.test_provenance import finished

IMAGE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")
SIZES = {"small": 5000, "blind": 4000}  # test images
ASKED = [Asked("zeal", "What is zeal?", 1), Asked("ardour", "What is ardour?", 2)]


class Sets(Section):
    """The section of a question with cells on four training sets, and on two in one of its conditions."""

    splits: int = 4

    def drawn(self, params: Params) -> dict[str, tuple[Setting, int]]:
        small = params.settings["small"]
        return {"few": (small.model_copy(update={"splits": 2}), 1), "many": (small, 1)}


@pytest.fixture
def tables(
    make_summary: Callable[..., pd.DataFrame], make_differences: Callable[..., pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """The tables of a study with three variants in `small`, and one in `blind`, which holds nothing out."""
    small, blind = ["drop", "ridge", "elastic"], ["drop"]
    estimates = {
        "small": {v: {"test_error": 46.0 - 3 * place} for place, v in enumerate(["baseline", *small])},
        "blind": {v: {"test_error": 60.0} for v in ["baseline", *blind]},
    }
    tried = [
        {"setting": "small", "variant": "ridge", "candidate": n, "values": f"n={n}", "chosen": n == 1}
        for n in range(3)
    ]
    runs = [
        {"setting": setting, "variant": variant, "split": 0, "init": init, "epochs": 3}
        | {"run_key": f"{setting}-{variant}-{init}"}
        | {"validation_cross_entropy": 1.0 - init if setting == "small" else None}
        for setting, variants in estimates.items()
        for variant in variants
        for init in (0, 1)
    ]
    return {
        "runs": pd.DataFrame(runs),
        "summary": make_summary(estimates),
        "differences": make_differences(
            {"small": {v: {"p": 0.01} for v in small}, "blind": {v: {} for v in blind}}
        ),
        "tuning": pd.DataFrame(tried),
    }


@pytest.fixture
def stage(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    raw_params: dict[str, Any],
    tables: dict[str, pd.DataFrame],
) -> Path:
    """A folder as the stages before the report leave it, of a study that asks two questions."""
    study = checked(raw_params)
    finished(tmp_path, study, lambda number: "Xeon")
    reports = tmp_path / "reports"
    (reports / "tables").mkdir(parents=True)
    for name, table in tables.items():
        table.to_csv(reports / "tables" / f"{name}.csv", index=False)
    for question in ASKED:
        folder = reports / "questions" / question.name
        folder.mkdir(parents=True)
        number = question.order
        (folder / "answer.md").write_text(
            f"Some.\n\n![What {question.name} looks like](questions/{question.name}/look.png)\n", "utf-8"
        )
        for name in ("look", "hero"):
            (folder / f"{name}.png").write_bytes(b"\x89PNG")
            (folder / f"{name}.svg").write_text('<svg width="9pt"></svg>', encoding="utf-8")
        if question.name == "ardour":
            (folder / "hero.svg").unlink()
        columns = "claim,condition,endpoint,n,test,equality,margin,deviation,outcome\n"
        (folder / "evidence.csv").write_text(columns, encoding="utf-8")
        rows = [f"{number}{part},So {number}{part}.,refuted,,False,No.,Yes.\n" for part in "ba"]
        (folder / "verdicts.csv").write_text(
            "claim,text,verdict,close,ours,finding,published\n" + "".join(rows), "utf-8"
        )
    (reports / "power.csv").write_text(
        "question,claim,condition,endpoint,sets,studies,deviation\n", encoding="utf-8"
    )
    stale = reports / "figures" / "curves_gone.png"
    stale.parent.mkdir()
    stale.write_bytes(b"of a setting that is no longer declared")
    monkeypatch.setattr(report, "ROOT", tmp_path)
    monkeypatch.setattr(report, "REPORTS", reports)
    monkeypatch.setattr(questions, "load", lambda path: study)
    monkeypatch.setattr(questions, "asked", lambda params: list(ASKED))
    return reports


def written(stage: Path) -> str:
    report.write_page()
    return (stage / "report.md").read_text(encoding="utf-8")


def test_every_image_of_the_page_is_drawn_and_every_drawing_shown(stage: Path) -> None:
    text = written(stage)
    drawn = sorted(f"figures/{path.name}" for path in (stage / "figures").iterdir())
    names = ["all_arrows", "arrows"]
    assert drawn == [f"figures/{name}.{ending}" for name in names for ending in ("csv", "png", "svg")]
    looks = [f"questions/{question.name}/look.png" for question in ASKED]
    top = ["questions/zeal/hero.png", "figures/arrows.png"]
    assert IMAGE.findall(text) == [*top, "figures/all_arrows.png", *looks]
    links = re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", text)
    assert {f"figures/{name}.csv" for name in names} | {"tables/runs.csv", "tables/tuning.csv"} <= set(links)
    elsewhere = ("tables/decomposition.csv", "questions/", "../", "#")  # of other stages, or no file
    assert [link for link in links if not link.startswith(elsewhere) and not (stage / link).exists()] == []


def test_the_numbers_beside_a_figure_are_those_it_shows(stage: Path) -> None:
    report.write_page()
    beside = pd.read_csv(stage / "figures" / "arrows.csv")
    table = pd.read_csv(stage / "tables" / "summary.csv")
    shown = table.metric.isin(["squared_error_bias", "squared_error_variance"]) & (table.setting == "small")
    pd.testing.assert_frame_equal(beside, table[shown].reset_index(drop=True), check_dtype=False)


def test_the_page_for_a_browser_needs_nothing_else(stage: Path) -> None:
    text = written(stage)
    browser = (stage / "report.html").read_text(encoding="utf-8")
    self_contained(browser)
    assert browser.count("<svg ") == len(IMAGE.findall(text)) == 5
    assert str(stage.parent) not in browser


def test_the_page_says_what_the_tables_and_the_data_say(stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "every", lambda *_: {})
    monkeypatch.setattr(html, "page", lambda *_: "")
    text = written(stage)
    # Changes of 1 each, beyond chance: a rise by all three, in the one setting with several variants.
    assert "\n- **No method lowers the test error beyond chance** against the baseline, in `small`.\n" in text
    assert "`drop` in 1 of 1 settings, `ridge` in 1 of 1 settings and `elastic` in 1 of 1 settings.\n" in text
    assert "| `ridge` | ▲ +1.00 [+0.95, +1.10] |  |" in text
    assert "| `ridge` | 40.00 [39.90, 40.20] | " in text
    assert "| Keras runs of the variants | 48 |" in text
    assert "**1b. So 1b.** *Refuted.* No.\nTo compare: Yes." in text
    assert "| variant | `small` |\n| --- | --- |\n| `ridge` | n=1 |" in text
    # the lowest error of the summary, and sqrt(37 x 63 / 5000)
    assert "5,000 images, so an error of 37.0 % has a standard error\n  of 0.68 points" in text
    assert "0 of 1 choice lie at an end" in text
    assert "| `small` | `ridge` | 0, 1 | `tags.run_key = 'small-ridge-1'` |" in text
    assert "| `blind` | `drop` | 0, 0 | `tags.run_key = 'blind-drop-0'` |" in text
    assert "nan" not in text.lower()
    assert written(stage) == text


def test_a_question_that_is_removed_vanishes_and_a_new_one_appears(
    stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = written(stage)
    assert re.findall(r"^### (What is .+)$", text, re.M) == ["What is zeal?", "What is ardour?"]
    assert re.findall(r"^\| \[(\w+)\]\(#claim-\1\)", text, re.M) == ["1a", "1b", "2a", "2b"]
    assert "· [Zeal](#what-is-zeal) · [Ardour](#what-is-ardour) · [" in text
    assert re.findall(r"^#### Claim (\w+)$", text, re.M) == ["1a", "1b", "2a", "2b"]
    monkeypatch.setattr(questions, "asked", lambda params: ASKED[1:])
    text = written(stage)
    assert "zeal" not in text
    assert re.findall(r"^#### Claim (\w+)$", text, re.M) == ["2a", "2b"]
    more = [*ASKED, Asked("vigour", "What is vigour?", 3)]
    monkeypatch.setattr(questions, "asked", lambda params: more)
    with pytest.raises(
        UserError, match=r"^reports/questions/vigour: expected .+ run dvc repro question@vigour$"
    ):
        report.write_page()


def test_what_was_judged_before_stays_when_a_question_has_no_results(
    stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = written(stage)
    monkeypatch.setattr(questions, "asked", lambda params: [Asked("vigour", "What is vigour?", 3)])
    with pytest.raises(UserError):
        report.write_page()
    assert (stage / "report.md").read_text(encoding="utf-8") == text
    assert (stage / "figures" / "arrows.png").exists()


@pytest.mark.parametrize(("sections", "fewest"), [({"plain": Section}, 0), ({"zeal": Sets}, 2)])
def test_the_fewest_training_sets_are_those_of_any_question(
    sections: dict[str, type[Section]],
    fewest: int,
    raw_params: dict[str, Any],
    tables: dict[str, pd.DataFrame],
) -> None:
    study = checked(raw_params, **sections)
    answers = [Answer("zeal", "What is zeal?", "Some.", [], pd.DataFrame())]
    assert page.values(study, tables, answers, SIZES)["fewest"] == fewest


def test_the_example_has_the_test_set_of_its_setting(
    raw_params: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> None:
    """The lowest error, 37 %, is measured in `small`: of 5,000 images a share has a standard error."""
    raw_params["settings"]["blind"]["data"] = "fashion_mnist"
    values = page.values(checked(raw_params), tables, [], SIZES)
    assert (values["data_sets"], values["test_size"], values["example_error"]) == (2, 5000, 37.0)
    assert values["binomial"] == pytest.approx(100 * (0.37 * 0.63 / 5000) ** 0.5)
