"""A regularizer is found by being a file."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import regularizers

ONE = """
from pipeline.regularizers.base import Regularizer

class {name}(Regularizer):
    family = "test"
"""


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Add a module to the package for the time of a test."""
    monkeypatch.setattr(regularizers, "__path__", [*regularizers.__path__, str(tmp_path)])

    def write(name: str, source: str) -> None:
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        monkeypatch.delitem(sys.modules, f"pipeline.regularizers.{name}", raising=False)
        monkeypatch.delattr(regularizers, name, raising=False)

    return write


def discovered() -> list[str]:
    return list(regularizers.discover.__wrapped__())  # without what an earlier call remembers


def test_a_new_file_is_found_in_alphabetical_order(add: Callable[[str, str], None]) -> None:
    before = discovered()
    add("cutout", ONE.format(name="Cutout"))
    assert discovered() == sorted([*before, "cutout"])


@pytest.mark.parametrize(("source", "count"), [("", 0), (ONE.format(name="One") + ONE.format(name="Two"), 2)])
def test_a_file_holds_one_regularizer(add: Callable[[str, str], None], source: str, count: int) -> None:
    add(f"holds_{count}", source)
    message = (
        rf"^pipeline\.regularizers\.holds_{count}: expected one subclass of Regularizer, received {count}$"
    )
    with pytest.raises(TypeError, match=message):
        discovered()
