"""What the page reads of the questions: their folders, in their order."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from scipy import stats

from pipeline.page import answers
from pipeline.system.errors import UserError
from tests.page.examples import Asked

Leave = Callable[..., None]


@pytest.fixture
def leave(tmp_path: Path) -> Leave:
    """Leave the results of a question in its folder: the answer, and claims by their numbers."""

    def write(question: Asked, text: str, *numbers: str) -> None:
        folder = tmp_path / "reports" / "questions" / question.name
        folder.mkdir(parents=True)
        (folder / "answer.md").write_text(text, encoding="utf-8")
        evidence = [f"{number},small,error,12,t,False,1,2\n" for number in numbers]
        columns = "claim,condition,endpoint,n,test,equality,margin,deviation\n"
        (folder / "evidence.csv").write_text(columns + "".join(evidence), "utf-8")
        rows = [f"{number},So.,refuted,,False,No.,\n" for number in numbers]
        (folder / "verdicts.csv").write_text(
            "claim,text,verdict,close,ours,finding,published\n" + "".join(rows), "utf-8"
        )

    return write


FIRST, SECOND = Asked("zeal", "What is zeal?", 1), Asked("ardour", "What is ardour?", 2)


def test_the_answers_come_in_the_order_of_the_questions(tmp_path: Path, leave: Leave) -> None:
    leave(SECOND, "\nMuch.\n", "10", "9")
    leave(FIRST, "Little.\n\nOr none.\n", "1a")
    leave(Asked("gone", "", 0), "Of a question that is no longer there.", "11")
    read = answers.read(tmp_path / "reports", [FIRST, SECOND])
    assert [(answer.name, answer.title, answer.text) for answer in read] == [
        ("zeal", "What is zeal?", "Little.\n\nOr none."),
        ("ardour", "What is ardour?", "Much."),
    ]
    assert [[row["claim"] for row in answer.verdicts] for answer in read] == [["1a"], ["9", "10"]]
    words = {"claim": "1a", "text": "So.", "verdict": "refuted", "finding": "No.", "published": ""}
    assert read[0].verdicts == [words | {"close": "", "ours": False}]


def test_a_question_may_have_a_figure_for_the_top_of_the_page(tmp_path: Path, leave: Leave) -> None:
    leave(FIRST, "Little.", "1")
    leave(SECOND, "Much.", "2")
    (tmp_path / "reports" / "questions" / "ardour" / "hero.svg").write_text("<svg>", encoding="utf-8")
    read = answers.read(tmp_path / "reports", [FIRST, SECOND])
    assert [answer.hero for answer in read] == [False, True]


def test_the_power_of_a_rule_stands_beside_its_evidence(tmp_path: Path, leave: Leave) -> None:
    leave(FIRST, "Little.", "1")
    leave(SECOND, "Much.", "2")
    power = tmp_path / "reports" / "power.csv"
    columns = "question,claim,condition,endpoint,n,sets,studies,deviation,power\n"
    power.write_text(f"{columns}ardour,2,small,error,25,25,3,1,1\n", "utf-8")
    without, with_ = answers.read(tmp_path / "reports", [FIRST, SECOND])
    assert "power" not in without.evidence
    # That of twelve replicates, as many as there are, and of the spread of the others: noncentral t.
    beyond = stats.t.ppf(0.975, 11)
    expected = stats.nct.sf(beyond, 11, 12**0.5) + stats.nct.cdf(-beyond, 11, 12**0.5)
    assert with_.evidence.power.tolist() == pytest.approx([expected])


def test_a_question_may_claim_nothing(tmp_path: Path, leave: Leave) -> None:
    leave(FIRST, "Little.")
    (answer,) = answers.read(tmp_path / "reports", [FIRST])
    assert answer.verdicts == []


def test_every_question_without_results_is_named(tmp_path: Path, leave: Leave) -> None:
    leave(FIRST, "Little.", "1")
    (tmp_path / "reports" / "questions" / "zeal" / "verdicts.csv").unlink()
    expected = (
        "reports/questions/zeal: expected answer.md, verdicts.csv and evidence.csv, received no "
        "verdicts.csv; run dvc repro question@zeal\n"
        "reports/questions/ardour: expected answer.md, verdicts.csv and evidence.csv, received no answer.md, "
        "verdicts.csv and no evidence.csv; run dvc repro question@ardour"
    )
    with pytest.raises(UserError, match=f"^{re.escape(expected)}$"):
        answers.read(tmp_path / "reports", [FIRST, SECOND])
