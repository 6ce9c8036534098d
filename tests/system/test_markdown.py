"""Templates filled, tables and anchors."""

from pathlib import Path

import jinja2
import pandas as pd
import pytest

from pipeline.system import markdown


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "answer.md.j2"
    path.write_text(
        "{% for name in names %}\n- {{ name }}\n{% endfor %}\n"
        "{{ rows | table }}\n{{ epochs | counted('epoch') }}\n{% include 'more.md.j2' %}",
        encoding="utf-8",
    )
    (tmp_path / "more.md.j2").write_text("{{ names | length }} more\n", encoding="utf-8")
    return path


VALUES = {"names": ["a < b & 'c'"], "rows": pd.DataFrame({"n": [3]}), "epochs": 1200}


def test_a_template_anywhere_is_filled(template: Path) -> None:
    text = markdown.render(template, VALUES)
    assert text == "- a < b & 'c'\n| n |\n| --- |\n| 3 |\n1,200 epochs\n1 more\n"


@pytest.mark.parametrize("missing", ["names", "epochs"])
def test_a_missing_value_is_an_error(template: Path, missing: str) -> None:
    values = {name: value for name, value in VALUES.items() if name != missing}
    # Python's own formatting of a value refuses the stand-in for what is undefined.
    with pytest.raises((jinja2.UndefinedError, TypeError), match=f"'{missing}' is undefined|StrictUndefined"):
        markdown.render(template, values)


def test_a_table() -> None:
    frame = pd.DataFrame({"variant": ["`drop`", "`ridge`"], "bias²": ["0.1 [0.0, 0.2]", ""], "n": [3, 10]})
    assert markdown.table(frame) == (
        "| variant | bias² | n |\n| --- | --- | --- |\n| `drop` | 0.1 [0.0, 0.2] | 3 |\n| `ridge` |  | 10 |"
    )


def test_a_table_without_rows_keeps_its_head() -> None:
    assert markdown.table(pd.DataFrame(columns=["a", "b"])) == "| a | b |\n| --- | --- |"


def test_an_anchor_is_that_of_a_code_hosting_page() -> None:
    assert markdown.anchor("Ranking in small_one, tested?") == "ranking-in-small_one-tested"
