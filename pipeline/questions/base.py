"""What a question is: one folder, found by its name, with everything that answers it.

The folder's `__init__.py` asks the question in the first line of its docstring and gives its `ORDER` among
the others. Its modules are found by their names, and only `claims.py` and `answer.md.j2` must be there:

- `settings.py`: `Settings`, its section of `params.yaml` (a `params.sections.Section`)
- `cells.py`: `cells(params, section)` yields the cells that it needs beyond those of the settings
- `measure.py`: `measure(study)` returns tidy tables by name, `metrics(tables)` numbers for DVC
- `claims.py`: `CLAIMS`, claims and definitions, with the rules in the docstring
- `draw.py`: `draw(tables)` returns figures by name; one named `hero` stands on top of the page
- `answer.py`: `values(study, tables, evidence)` returns the computed sentences for the template
- `answer.md.j2`: what the page says; figures and tables are at `questions/<name>/`
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline import params
from pipeline.params import Params
from pipeline.params.sections import Section
from pipeline.plan import Cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pipeline.questions.claim import Claim, Definition
    from pipeline.questions.study import Study

FOLDER = Path(__file__).parent
Tables = Mapping[str, pd.DataFrame]  # a question's own by name, and the study's as "study/runs"


@dataclass(frozen=True)
class Question:
    """A question by the name of its folder; its modules are imported when they are needed."""

    name: str

    @property
    def title(self) -> str:
        """Return the question itself."""
        return str(self._module().__doc__).splitlines()[0]

    @property
    def order(self) -> int:
        """Return its place among the questions."""
        return int(self._module().ORDER)

    @property
    def settings(self) -> type[Section]:
        """Return what its section of `params.yaml` must be; one without keys where it has none."""
        kind: type[Section] = self._found("settings", "Settings", Section)
        return kind

    def reads(self, params: Params) -> list[str]:
        """Return the stages whose runs it looks at, which `READS` in `__init__.py` or its section names."""
        named = getattr(self._module(), "READS", None) or params.section(self.name).reads(params)
        return [stage for stage in params.stages if stage in named]

    def cells(self, params: Params) -> Iterator[Cell]:
        """Yield the cells that it needs."""
        nothing: Callable[..., Iterator[Cell]] = lambda params, section: iter(())  # noqa: E731
        wanted: Callable[..., Iterator[Cell]] = self._found("cells", "cells", nothing)
        return wanted(params, params.section(self.name))

    def measure(self, study: Study) -> dict[str, pd.DataFrame]:
        """Return its tables; none where it looks at those of the study alone."""
        tables: dict[str, pd.DataFrame] = self._found("measure", "measure", lambda study: {})(study)
        return tables

    def metrics(self, tables: Tables) -> dict[str, Any]:
        """Return its numbers for DVC, from its tables."""
        numbers: dict[str, Any] = self._found("measure", "metrics", lambda tables: {})(tables)
        return numbers

    @property
    def claims(self) -> Sequence[Claim | Definition]:
        """Return its claims and definitions, in the order of their numbers."""
        claims: Sequence[Claim | Definition] = importlib.import_module(
            f"{self._module().__name__}.claims"
        ).CLAIMS
        return claims

    def draw(self, tables: Tables) -> Mapping[str, Figure]:
        """Return its figures, by name."""
        figures: Mapping[str, Figure] = self._found("draw", "draw", lambda tables: {})(tables)
        return figures

    def answer(self, study: Study, tables: Tables, evidence: pd.DataFrame) -> dict[str, Any]:
        """Return what fills its `answer.md.j2`."""
        nothing: Callable[..., dict[str, Any]] = lambda study, tables, evidence: {}  # noqa: E731
        values: dict[str, Any] = self._found("answer", "values", nothing)(study, tables, evidence)
        return values

    @property
    def template(self) -> Path:
        """Return the template of its answer."""
        return FOLDER / self.name / "answer.md.j2"

    def _module(self) -> ModuleType:
        return importlib.import_module(f"{__package__}.{self.name}")

    def _found(self, module: str, name: str, default: Any) -> Any:
        """Return what a module of the folder has under a name; the default where it is not there."""
        if not (FOLDER / self.name / f"{module}.py").exists():
            return default
        return getattr(importlib.import_module(f"{self._module().__name__}.{module}"), name, default)


def discover() -> list[Question]:
    """Return every question, in their order."""
    folders = [Question(m.name) for m in pkgutil.iter_modules([str(FOLDER)]) if m.ispkg]
    return sorted(folders, key=lambda question: (question.order, question.name))


def asked(params: Params) -> list[Question]:
    """Return the questions that have a section in these parameters, in their order."""
    having = {name for name, _ in params.sections()}
    return [question for question in discover() if question.name in having]


def load(path: Path) -> Params:
    """Read and check a `params.yaml`, the sections of its questions included.

    Raises UserError with a line for every fault.
    """
    return params.load(path, {question.name: question.settings for question in discover()})
