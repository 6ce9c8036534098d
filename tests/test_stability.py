"""The study with other seeds: what is reseeded, what a copy keeps, and what is said of two that differ."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline import copies, questions, stability, toy
from pipeline.page import stable
from pipeline.page.answers import Answer
from pipeline.system.checkout import ROOT
from pipeline.system.errors import UserError
from pipeline.system.files import read_table
from tests import asking

EVIDENCE = ["claim", "condition", "endpoint", "outcome"]


def study(verdicts: dict[str, str], **outcomes: str) -> stability.Judged:
    """A study with these verdicts; claim 2a rests on the outcomes under the conditions that are named."""
    rows = [("2a", condition, "bias", outcome) for condition, outcome in outcomes.items()]
    return pd.DataFrame(list(verdicts.items()), columns=["claim", "verdict"]), pd.DataFrame(
        rows, columns=EVIDENCE
    )


def test_every_seed_is_another_and_nothing_else_changes(tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    stability.reseed(path, 1000)
    before, after = (YAML(typ="safe").load(content) for content in (text, path.read_text(encoding="utf-8")))
    assert after["data"].pop("seed") == before["data"].pop("seed") + 1000
    for name in before["settings"]:
        assert after["settings"][name].pop("seed") == before["settings"][name].pop("seed") + 1000
    assert after == before


def test_verdicts_that_stay_and_one_that_a_row_turns() -> None:
    ours = study({"1": "refuted", "2a": "supported"}, small="holds", noisy="holds", deep="unknown")
    same = study({"1": "refuted", "2a": "supported"}, small="holds", noisy="holds", deep="holds")
    other = study({"1": "refuted", "2a": "conditional"}, small="holds", noisy="absent", deep="holds")
    table = stability.compared(ours, [same, other])
    assert table.to_dict("records") == [
        {
            "claim": "1",
            "verdict": "refuted",
            "others": "refuted refuted",
            "same": 3,
            "studies": 3,
            "turned": "",
        },
        {
            "claim": "2a",
            "verdict": "supported",
            "others": "supported conditional",
            "same": 2,
            "studies": 3,
            "turned": "noisy, bias: holds, absent and 1 more",
        },
    ]


def test_a_definition_is_not_judged() -> None:
    both = study({"1a": "definition", "1b": "supported"})
    assert stability.compared(both, [both]).claim.tolist() == ["1b"]


# ---- the command ----


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw_params: dict[str, Any]) -> Path:
    """A project with one question, whose `dvc repro` answers by the seed."""
    root = tmp_path / "project"
    folder = root / "reports" / "questions" / "zeal"
    folder.mkdir(parents=True)
    (root / "params.yaml").write_text("data: {seed: 0}\nsettings:\n  small: {seed: 2}\n", encoding="utf-8")
    (root / ".gitignore").write_text("/results/\n/.dvc/\n", encoding="utf-8")
    answer(root, "supported", "holds")
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=b", "commit", "-qm", "c"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    for module in (copies, stability, toy):
        monkeypatch.setattr(module, "ROOT", root)
    monkeypatch.setattr(questions, "load", lambda path: asking.check(raw_params))
    return root


def answer(root: Path, verdict: str, outcome: str) -> None:
    folder = root / "reports" / "questions" / "zeal"
    (folder / "verdicts.csv").write_text(f"claim,verdict\n9,{verdict}\n", encoding="utf-8")
    (folder / "evidence.csv").write_text(
        "claim,condition,endpoint,outcome,test,equality,n,deviation,margin\n"
        f"9,small,error,{outcome},t,False,8,2.0,1.0\n",
        "utf-8",
    )


@pytest.fixture
def repro(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where `dvc repro` was called: a study that trains once, and is refuted by the second set of seeds."""
    called = []

    def run(command: Sequence[str], root: Path, variables: Mapping[str, str]) -> int:
        assert command[1:] == ("-m", "dvc", "repro")
        called.append(root)
        seed = YAML(typ="safe").load(root / "params.yaml")["settings"]["small"]["seed"]
        answer(root, *(("refuted", "reversed") if seed == 2002 else ("supported", "holds")))
        for name in ("results", ".dvc/cache"):
            (root / name).mkdir(parents=True, exist_ok=True)
            with (root / name / "trained").open("a") as file:
                file.write("once\n")
        return 0

    monkeypatch.setattr("pipeline.copies.children.run", run)
    return called


def test_the_study_runs_with_every_set_of_seeds(checkout: Path, tmp_path: Path, repro: list[Path]) -> None:
    stability.run(tmp_path / "copies", 2)
    assert [path.name for path in repro] == ["seeds-1", "seeds-2"]
    (rule,) = read_table(checkout / "reports" / "power.csv").to_dict("records")
    assert (rule["question"], rule["claim"], rule["studies"], rule["deviation"]) == ("zeal", "9", 2, 2)
    (row,) = read_table(checkout / "reports" / "stability.csv").to_dict("records")
    assert (row["others"], row["same"], row["studies"]) == ("supported refuted", 2, 3)
    assert row["turned"] == "small, error: holds, reversed"
    assert YAML(typ="safe").load(checkout / "params.yaml")["data"] == {"seed": 0}


def test_a_copy_made_anew_keeps_what_was_trained_and_takes_what_has_changed(
    checkout: Path, tmp_path: Path, repro: list[Path]
) -> None:
    stability.run(tmp_path / "copies", 1)
    (checkout / "rule.py").write_text("changed", encoding="utf-8")
    stability.run(tmp_path / "copies", 1)
    copy = tmp_path / "copies" / "seeds-1"
    for name in ("results", ".dvc/cache"):
        assert (copy / name / "trained").read_text() == "once\nonce\n"
    assert (copy / "rule.py").read_text(encoding="utf-8") == "changed"
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["seeds-1"]


def test_what_is_no_copy_is_left_alone(checkout: Path, tmp_path: Path, repro: list[Path]) -> None:
    mine = tmp_path / "copies" / "seeds-1" / "mine"
    mine.parent.mkdir(parents=True)
    mine.touch()
    with pytest.raises(UserError, match="expected a new or earlier copy"):
        stability.run(tmp_path / "copies", 1)
    assert mine.exists()
    assert repro == []


def test_without_verdicts_there_is_nothing_to_compare(
    checkout: Path, tmp_path: Path, repro: list[Path]
) -> None:
    (checkout / "reports" / "questions" / "zeal" / "verdicts.csv").unlink()
    with pytest.raises(UserError, match="expected verdicts, received none; run dvc repro first"):
        stability.run(tmp_path / "copies", 1)
    assert repro == []


# ---- on the page ----


def rows(**others: str) -> pd.DataFrame:
    """A row a claim that is supported here, by its verdicts with other seeds."""
    return pd.DataFrame(
        {
            "claim": claim.removeprefix("_"),
            "verdict": "supported",
            "others": found,
            "same": 1 + found.split().count("supported"),
            "studies": 1 + len(found.split()),
            "turned": "",
        }
        for claim, found in others.items()
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            rows(_1="supported supported", _2="supported conditional"),
            "1 of 2 claims under 2 other sets of seeds. No verdict turns from supported to refuted or back.",
        ),
        (
            rows(_1="refuted", _2="supported"),
            "1 of 2 claims under 1 other set of seeds. It turns into the opposite for 1.",
        ),
        (
            rows(_1="refuted", _2="refuted"),
            "0 of 2 claims under 1 other set of seeds. It turns into the opposite for 1 and 2.",
        ),
    ],
)
def test_the_page_says_how_many_stay(table: pd.DataFrame, said: str) -> None:
    assert stable.sentence(table) == f"The verdict is the same for {said}"


def test_claims_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    rows(_9a="supported", _2b="supported", _2a="supported").to_csv(tmp_path / "stability.csv", index=False)
    judged = [{"claim": claim, "verdict": "supported"} for claim in ("2a", "2b", "9a")]
    shown = stable.values(tmp_path, [Answer("zeal", "", "", judged, pd.DataFrame())])["stability"]
    assert shown.claim.tolist() == ["2a", "2b", "9a"]


def test_a_table_of_other_verdicts_is_not_shown(tmp_path: Path) -> None:
    """Without the row that has changed, it would say that all verdicts are the same."""
    rows(_1="supported", _2="refuted", _3="refuted").to_csv(tmp_path / "stability.csv", index=False)
    judged = [{"claim": "1", "verdict": "supported"}, {"claim": "2", "verdict": "conditional"}]
    answers = [Answer("zeal", "", "", judged, pd.DataFrame())]
    values = stable.values(tmp_path, answers)
    assert values["stability"] is None
    assert values["stable"].startswith(
        "`stability.csv` was measured for other verdicts: 1 of 2 are others here"
    )
    judged[1]["verdict"] = "supported"  # claim 3 is one that the page does not judge
    assert stable.values(tmp_path, answers)["stability"].claim.astype(str).tolist() == ["1", "2"]
    (tmp_path / "stability.csv").unlink()
    assert "python -m pipeline stability" in stable.values(tmp_path, answers)["stable"]
