"""The variants on a terminal: numbers, order and words of hand-made tables, and what fits into 80 columns."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipeline import __main__ as commands
from pipeline.system.errors import UserError
from pipeline.system.files import write_table

LONG = "a_regularizer_whose_name_has_40_letters_"


def summary(errors: Mapping[str, Mapping[str, tuple[float, float]]], n: int = 5) -> pd.DataFrame:
    """A summary with these test errors and half intervals; the other numbers follow the variant's place."""
    rows = []
    for setting, variants in errors.items():
        for place, (variant, (error, half)) in enumerate(variants.items()):
            name = {"setting": setting, "variant": variant, "n": n}
            numbers = {"cross_entropy_gap": 0.3004, "squared_error_bias": 0.1, "squared_error_variance": 0.05}
            rows.append(
                name | {"metric": "test_error", "estimate": error, "low": error - half, "high": error + half}
            )
            rows += [name | {"metric": m, "estimate": v + place / 100} for m, v in numbers.items()]
    return pd.DataFrame(rows)


def differences(rows: list[tuple[str, str, str, float, float, float]]) -> pd.DataFrame:
    """Differences of the test error: setting, variant, reference, estimate, half the interval, adjusted p."""
    table = pd.DataFrame(rows, columns=["setting", "variant", "reference", "estimate", "half", "p_holm"])
    return table.assign(
        metric="test_error", low=table.estimate - table.half, high=table.estimate + table.half
    )


ERRORS = {
    "small": {"baseline": (10.0, 0.5), "tuned_baseline": (9.0, 0.25), "l2": (9.5, 0.1), "drop": (8.0, 0.2)},
    "blind": {"baseline": (2.0, 0.1), "drop": (2.5, 0.3)},
}
CHANGES = [
    ("small", "tuned_baseline", "baseline", -1.0, 0.1, 0.01),
    ("small", "l2", "baseline", -0.5, 0.1, 0.01),  # better than what is worse of two
    ("small", "l2", "tuned_baseline", 0.5, 0.15, 0.02),
    ("small", "drop", "baseline", -2.0, 0.1, 0.01),
    ("small", "drop", "tuned_baseline", -1.0, 0.35, 0.05),
    ("blind", "drop", "baseline", 0.5, 0.6, 0.06),
]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    return tmp_path


def written(root: Path, errors: Any, changes: list[Any]) -> None:
    write_table(root / "reports" / "tables" / "summary.csv", summary(errors))
    write_table(root / "reports" / "tables" / "differences.csv", differences(changes))


def shown(*arguments: str) -> list[str]:
    ended = CliRunner().invoke(commands.app, ["show", *arguments])
    if ended.exception:
        raise ended.exception
    return [line.rstrip() for line in ended.output.splitlines()]


def test_variants_go_from_the_lowest_error_up_with_the_change_against_the_better_baseline(root: Path) -> None:
    written(root, ERRORS, CHANGES)
    lines = [re.sub(r" {2,}", "  ", line) for line in shown()]
    heads = "variant  test error, %  gap  bias²  variance  change"
    assert lines[:-3] == [
        "small: 5 replicates, changes against tuned_baseline",
        heads,
        "drop  8.00 ± 0.20  0.330  0.1300  0.0800  -1.00 ± 0.35  better",
        "tuned_baseline  9.00 ± 0.25  0.310  0.1100  0.0600",
        "l2  9.50 ± 0.10  0.320  0.1200  0.0700  +0.50 ± 0.15  worse",
        "baseline  10.00 ± 0.50  0.300  0.1000  0.0500",
        "",
        "blind: 5 replicates, changes against baseline",
        heads,
        "baseline  2.00 ± 0.10  0.300  0.1000  0.0500",
        "drop  2.50 ± 0.30  0.310  0.1100  0.0600  +0.50 ± 0.60",
    ]
    assert "95 % interval" in lines[-2]


def test_a_setting_alone(root: Path) -> None:
    written(root, ERRORS, CHANGES)
    lines = shown("blind")
    assert lines[0] == "blind: 5 replicates, changes against baseline"
    assert not any("small" in line for line in lines)


def test_all_fits_into_80_columns_and_a_long_name_is_folded(root: Path) -> None:
    errors = {"small": {"baseline": (88.0, 12.0), LONG: (12.0, 10.0)}}
    written(root, errors, [("small", LONG, "baseline", -76.0, 22.0, 0.01)])
    lines = shown()
    assert max(map(len, lines)) <= 80
    assert "12.00 ± 10.00" in lines[2]
    assert "-76.00 ± 22.00  better" in lines[2]
    names = [line.split("  ")[0] for line in lines[2:]]
    assert LONG in "".join(names)


def test_one_replicate_has_no_interval_and_a_lone_baseline_no_changes(root: Path) -> None:
    written(root, {"small": {"baseline": (10.0, float("nan"))}}, CHANGES[-1:])
    lines = shown()
    assert lines[0] == "small: 5 replicates"
    assert lines[2].split() == ["baseline", "10.00", "0.300", "0.1000", "0.0500"]


@pytest.mark.parametrize("setting", [None, "small"])
def test_no_results_are_one_line(root: Path, setting: str | None) -> None:
    with pytest.raises(UserError) as error:
        shown(*([setting] if setting else []))
    expected = "reports/tables: expected the tables of a finished study, found none; run dvc repro"
    assert str(error.value) == expected


def test_a_setting_that_the_study_does_not_have(root: Path) -> None:
    written(root, ERRORS, CHANGES)
    with pytest.raises(UserError, match=r"^setting: expected one of small, blind, received 'large'$"):
        shown("large")


def test_the_study_that_is_committed_fits_too(repository: Path) -> None:
    lines = shown()
    assert max(map(len, lines)) <= 80
    variants = {path.stem for path in (repository / "pipeline" / "regularizers").glob("[!_]*.py")}
    assert any(line.split()[:1] and line.split()[0] in variants for line in lines)
