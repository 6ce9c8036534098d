"""The template of the page: its tables, and what it refuses."""

import itertools
import re
from typing import Any

import jinja2
import pandas as pd
import pytest

from pipeline.reporting import markdown

NUMBERS = [str(number) for number in range(1, 10)]
VALUES: dict[str, Any] = {
    "findings": "The finding.",
    "beneath": ["The rival.", "The parts."],
    "alpha": 0.05,
    "overview": pd.DataFrame({"variant": ["`drop`"], "`wide`": ["-0.12 ≈"]}),
    "gaps": ["The first gap.", "The second gap."],
    "least_risk": "Least risk.",
    "conditions": {"wide": "`wide`: 50 images"},
    "rankings": {"wide": pd.DataFrame({"variant": ["`drop`"], "test error, %": ["2.34 [2.27, 2.41]"]})},
    "curve_settings": ["wide"],
    "test_size": 10000,
    "example_error": 2.04,
    "binomial": 0.1414,
    "fewest": 3,
    "tuning": {"splits": 2, "baseline": {"epochs": [1, 2, 3, 4, 5]}},
    "choices": pd.DataFrame({"variant": ["`drop`"], "`wide`": ["rate=0.5"]}),
    "choices_at_an_end": 1,
    "choices_made": 7,
    "provenance": {"Keras runs": "3", "seed of `wide`": "0"},
    "verdicts": [{"claim": "1", "text": "So.", "verdict": "refuted", "finding": "No.", "published": "Yes."}],
    "claims": pd.DataFrame({"claim": ["1"], "verdict": ["refuted"]}),
    "claims_counted": "Of the 1 claim, 1 refuted.",
    "answers": {number: f"Answer {number}." for number in NUMBERS},
    "parts": {number: f"[{number}](#claim-1) refuted" for number in NUMBERS},
    "untuned": "`norm`",
    "most_images": {"weights": 2000, "ablation": 2000, "monte_carlo": 5000},
    "map": {"candidates": [0, 2], "trials": 1},
    "rates": {"optimizer": "sgd", "epochs": 12, "rates": [0.001, 10.0], "shift": {"learning_rate": 1.0}},
    "textbook": "`wide`: 50 images, 5 epochs",
    "by_conditions": pd.DataFrame({"images": ["1,000"]}),
    "budgets": pd.DataFrame({"setting": ["`wide`"]}),
    "keys": pd.DataFrame({"filter": ["`tags.run_key = 'a'`"]}),
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
    assert "\nThe finding. Of the 1 claim, 1 refuted. ([Verdicts](#the-claims-tested).)\n\n" in page
    assert "\n\n- The first gap.\n- The second gap.\n\n" in page
    assert "1 of 7 choices lie at an end" in page
    for number in NUMBERS:
        assert re.search(rf"Answer {number}\.\sClaim", page)
    assert "\n### Ranking in `wide`\n\n`wide`: 50 images. Means with 95 % intervals" in page
    assert "\n\n| variant | test error, % |\n| --- | --- |\n| `drop` | 2.34 [2.27, 2.41] |\n\n" in page
    assert "10,000 images, and an error of 2.0 % is itself known to\n  0.14 points" in page
    assert "\n\n| what | value |\n| --- | --- |\n| Keras runs | 3 |\n| seed of `wide` | 0 |\n\n" in page


def test_text_is_not_escaped() -> None:
    page = markdown.render("report.md.j2", VALUES | {"findings": "a < b & 'c'"})
    assert "\na < b & 'c' Of" in page


def test_headings_lists_and_images_stand_apart() -> None:
    """Markdown runs a line into the paragraph before it unless a blank line parts them."""
    lines = markdown.render("report.md.j2", VALUES).splitlines()
    for before, line in itertools.pairwise(lines):
        if line.startswith(("#", "![")):
            assert before == "", line
        if before.startswith(("#", "![")):
            assert line == "", before


def test_every_link_within_the_page_leads_to_a_heading() -> None:
    page = markdown.render("report.md.j2", VALUES)
    headings = [markdown.anchor(title) for title in re.findall(r"^#+ (.+)$", page, re.M)]
    assert len(set(headings)) == len(headings)
    assert {link[1:] for link in re.findall(r"\]\((#[^)]+)\)", page)} <= set(headings)


def test_every_image_says_what_it_shows() -> None:
    page = markdown.render("report.md.j2", VALUES)
    assert len(re.findall(r"!\[[^\]]{20,}\]\(", page)) == page.count("![")
