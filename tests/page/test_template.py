"""The template of the page: what it holds, in which order, and what it refuses."""

import itertools
import re
from dataclasses import replace
from typing import Any

import jinja2
import pandas as pd
import pytest

from pipeline.page import page
from pipeline.page.answers import Answer
from pipeline.system import markdown

VERDICT = {
    "claim": "7a",
    "text": "So.",
    "verdict": "refuted",
    "close": "",
    "ours": False,
    "finding": "No.",
    "published": "Yes.",
}
EVIDENCE = pd.DataFrame(
    {"claim": ["7a"], "condition": "l2 in small", "endpoint": "gap", "unit": "nats", "estimate": 0.5}
    | {
        "low": 0.25,
        "high": 0.75,
        "n": 9,
        "p_value": 0.01,
        "margin": 0.1,
        "test": "t",
        "equality": False,
        "p_equivalence": 0.5,
        "outcome": "holds",
    }
)
TWO = [VERDICT, VERDICT | {"claim": "7b", "published": ""}]
ANSWERS = [
    Answer("zeal", "What is zeal?", "Answer of zeal.", TWO, EVIDENCE, hero=True),
    Answer(
        "ardour",
        "What is ardour?",
        "Answer of ardour.\n\nAnd more.",
        [VERDICT | {"claim": "8"}],
        EVIDENCE[:0],
    ),
]
VALUES: dict[str, Any] = {
    "alpha": 0.05,
    "level": "95 %",
    "findings": ["The finding.", "What it rests on."],
    "tuned_baseline": "The rival.",
    "alike": "None alike.",
    "overview": pd.DataFrame({"variant": ["`drop`"], "`wide`": ["-0.12 ≈"]}),
    "answers": ANSWERS,
    "stability": pd.DataFrame({"claim": ["7a"], "agree": ["2 of 4"]}),
    "stable": "0 of 1 verdict is the same.",
    "conditions": {"wide": "50 images"},
    "rankings": {"wide": pd.DataFrame({"variant": ["`drop`"], "test error, %": ["2.34 [2.27, 2.41]"]})},
    "tuning": {"splits": 2, "baseline": {"epochs": [1, 2, 3, 4, 5]}},
    "choices": pd.DataFrame({"variant": ["`drop`"], "`wide`": ["rate=0.5"]}),
    "choices_at_an_end": 1,
    "choices_made": 7,
    "untuned": "`norm`",
    "data_sets": 1,
    "test_size": 10000,
    "example_error": 2.04,
    "binomial": 0.1414,
    "unsettled": "Not settled: 9d.",
    "fewest": 3,
    "processors": ["Xeon"],
    "rules": "0123456789ab",
    "provenance": {"Keras runs": "3", "seed of `wide`": "0"},
    "keys": pd.DataFrame({"filter": ["`tags.run_key = 'a'`"]}),
}


def rendered(**changes: Any) -> str:
    return markdown.render(page.TEMPLATE, VALUES | changes)


@pytest.mark.parametrize("missing", VALUES)
def test_a_missing_value_is_an_error(missing: str) -> None:
    values = {name: value for name, value in VALUES.items() if name != missing}
    # Python's own formatting of a value, as of `test_size`, refuses the stand-in for what is undefined.
    refusal = f"'{missing}' is undefined|passed to StrictUndefined"
    with pytest.raises((jinja2.UndefinedError, TypeError), match=refusal):
        markdown.render(page.TEMPLATE, values)


def test_conditions_are_wanted_for_every_ranking() -> None:
    with pytest.raises(jinja2.UndefinedError, match="no attribute 'wide'"):
        rendered(conditions={})


def test_the_page_holds_its_values() -> None:
    text = rendered()
    assert text.startswith("# ")
    assert text.endswith("\n")
    assert "{{" not in text
    assert "{%" not in text
    assert "\n\n- The finding.\n- What it rests on.\n\n" in text
    assert "The intervals of this table are not adjusted. The rival. None alike. Numbers:" in text
    assert "\n\n- `wide`: 50 images\n\n" in text
    assert "has 5 candidates in each setting" in text
    assert "1 of 7 choices lies at an end" in text
    assert (
        "\n### Ranking in `wide`\n\n<details>\n<summary>1 row, lowest test error first</summary>\n\n50 "
        in text
    )
    assert "\n\n| variant | test error, % |\n| --- | --- |\n| `drop` | 2.34 [2.27, 2.41] |\n\n" in text
    assert "it has 10,000 images, so an error of 2.0 % has a standard error\n  of 0.14 points" in text
    assert "the cells that questions add have as few as 3." in text
    assert "\n\n| what | value |\n| --- | --- |\n| Keras runs | 3 |\n| seed of `wide` | 0 |\n\n" in text


def test_the_order_of_the_sections() -> None:
    assert re.findall(r"^##? (.+)$", rendered(), re.M) == [
        "What regularization does to bias and variance",
        "Methods by condition",
        "The questions",
        "How a verdict is made",
        "All numbers",
        "What was tuned",
        "Limits of the study",
        "How it was made",
    ]


def test_the_top_has_the_pictures_then_the_findings_then_the_table() -> None:
    places = [
        rendered().index(part)
        for part in (
            "questions/zeal/hero.png",
            "figures/arrows.png",
            "- The finding.",
            "| `drop` | -0.12 ≈ |",
        )
    ]
    assert places == sorted(places)
    assert "ardour/hero.png" not in rendered()
    assert "hero.png" not in rendered(answers=ANSWERS[1:])


def test_a_question_has_its_answer_its_verdicts_and_its_evidence_folded() -> None:
    questions = rendered().split("\n## The questions\n")[1].split("\n## ")[0]
    _, zeal, ardour = questions.split("\n### ")
    assert zeal.startswith(
        "What is zeal?\n\nAnswer of zeal.\n\n"
        "| claim | the source text says | verdict | holds | opposite | too small | open |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| [7a](#claim-7a) | So. | ✘ **refuted** | 1 |  |  |  |\n"
        "| [7b](#claim-7b) | So. | ✘ **refuted** |  |  |  |  |\n\n<details>\n<summary>Evidence"
    )
    assert (
        "\n\n#### Claim 7a\n\n**7a. So.** *Refuted.* No.\nTo compare: Yes.\n\n"
        "| condition | endpoint | effect | margin | p | n | outcome |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| l2 in small | gap (nats) | +0.5 [+0.25, +0.75] | 0.1 | 0.01 | 9 | ✔ holds |\n\n"
        "#### Claim 7b\n\n**7b. So.** *Refuted.* No.\n\n"
    ) in zeal
    assert "[`claims.py`](../pipeline/questions/zeal/claims.py).\n\n</details>" in zeal
    assert ardour.startswith("What is ardour?\n\nAnswer of ardour.\n\nAnd more.\n\n| claim |")


def test_a_question_without_claims_has_no_evidence() -> None:
    text = rendered(answers=[replace(ANSWERS[1], verdicts=[])])
    assert "\n### What is ardour?\n\nAnswer of ardour.\n\nAnd more.\n\n## How a verdict" in text


def test_what_no_study_has_is_not_said() -> None:
    text = rendered(fewest=0, untuned="")
    assert "Few training sets" not in text
    assert "Not tuned" not in text


def test_several_classes_of_processor_are_said_to_differ() -> None:
    assert "classes of processors" not in rendered()
    assert "**The study mixes classes of processors**" in rendered(processors=["Xeon", "EPYC"])


def test_the_level_is_that_of_the_statistics() -> None:
    text = rendered(level="99 %", alpha=0.01)
    assert "95 %" not in text
    assert "0.05" not in text
    assert text.count("99 % intervals") == 2
    assert "(p at most 0.01, Holm-adjusted over the methods of the setting)" in text


def test_text_is_not_escaped() -> None:
    assert "\n- a < b & 'c'\n" in rendered(findings=["a < b & 'c'"])


def test_headings_lists_and_images_stand_apart() -> None:
    """Markdown runs a line into the paragraph before it unless a blank line parts them."""
    for before, line in itertools.pairwise(rendered().splitlines()):
        if line.startswith(("#", "![")) and not before.startswith("!["):
            assert before == "", line
        if before.startswith(("#", "![")) and not line.startswith("!["):
            assert line == "", before


def test_every_link_within_the_page_leads_to_a_heading() -> None:
    text = rendered()
    headings = [markdown.anchor(title) for title in re.findall(r"^#+ (.+)$", text, re.M)]
    assert len(set(headings)) == len(headings)
    assert {link[1:] for link in re.findall(r"\]\((#[^)]+)\)", text)} <= set(headings)


def test_every_image_says_what_it_shows() -> None:
    text = rendered()
    assert len(re.findall(r"!\[[^\]]{20,}\]\(", text)) == text.count("![")


def test_several_data_sets_are_counted() -> None:
    assert "**One data set and small networks**" in rendered()
    assert "**One test set for all**: it has 10,000 images" in rendered()
    assert "**2 data sets and small networks**" in rendered(data_sets=2)
    assert "**One test set for each data set**" in rendered(data_sets=2)
