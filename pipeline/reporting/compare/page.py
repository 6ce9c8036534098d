"""The comparison as a page: every text and table of it, and what the terminal shows of the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from pipeline.reporting import markdown
from pipeline.reporting.compare import changes, sentences
from pipeline.reporting.compare.changes import Change
from pipeline.reporting.compare.differences import ALPHA, Difference, only, seed_noise
from pipeline.reporting.compare.scores import Cell
from pipeline.reporting.compare.sides import Side

DIGEST = 12  # characters of a digest that are shown


@dataclass(frozen=True)
class Comparison:
    """Two sides and how their scores differ."""

    a: Side
    b: Side
    found: list[Difference]

    @property
    def settings(self) -> list[str]:
        """Return the settings that both sides have, in their order."""
        return list(dict.fromkeys(one.setting for one in self.found))

    @property
    def findings(self) -> list[str]:
        """Return a sentence a setting."""
        return [sentences.finding(name, self.found) for name in self.settings] or ["They share no variant."]

    @property
    def worse(self) -> list[Difference]:
        """Return the variants whose test error is worse beyond chance."""
        errors = [one for one in self.found if one.metric == "test_error"]
        return [one for one in errors if one.beyond_chance and one.estimate > 0]

    def parameters(self) -> pd.DataFrame:
        """Return a row a parameter that differs."""
        return _old_and_new("parameter", changes.parameters(self.a, self.b))

    def code(self) -> pd.DataFrame:
        """Return a row a file of the code that differs."""
        return pd.DataFrame([{"file": path, "": how} for path, how in changes.code(self.a, self.b).items()])

    def data(self) -> pd.DataFrame:
        """Return a row an output of the stage prepare that differs."""
        shortened = [
            Change(one.path, one.old[:DIGEST], one.new[:DIGEST]) for one in changes.data(self.a, self.b)
        ]
        return _old_and_new("md5 in dvc.lock", shortened)

    def listed(self) -> pd.DataFrame:
        """Return a row a variant that one side alone has; of a whole setting one row."""
        rows = []
        for how, one, other in (("removed", self.a, self.b), ("added", self.b, self.a)):
            known = {setting for setting, _ in other.scores.means}
            rows += [{"": how, "what": what} for what in _named(only(one.scores, other.scores), known)]
        return pd.DataFrame(rows)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return a table a setting: a row a variant."""
        return {name: pd.DataFrame(self._rows(name)) for name in self.settings}

    def _rows(self, setting: str) -> Iterator[dict[str, str]]:
        own = [one for one in self.found if one.setting == setting]
        for variant in dict.fromkeys(one.variant for one in own):
            by_metric = {one.metric: one for one in own if one.variant == variant}
            error = by_metric["test_error"]
            yield {
                "variant": f"`{variant}`",
                "test error, %": sentences.means(error),
                "change, points": sentences.change(error),
                "Holm p": "" if error.p_holm is None else f"{error.p_holm:.2g}",
                "test error": sentences.verdict(error),
                "test cross-entropy": sentences.verdict(by_metric["test_cross_entropy"]),
                "gap": sentences.verdict(by_metric["cross_entropy_gap"]),
            }


def rendered(one: Comparison, drawn: bool) -> str:
    """Return the page in markdown; `drawn` says whether there is a figure."""
    known = (one.a.scores, one.b.scores)
    listed = one.listed()
    return markdown.render(
        "compare.md.j2",
        {
            "a": one.a,
            "b": one.b,
            "origins": [sentences.origin(one.a), sentences.origin(one.b)],
            "findings": one.findings,
            "warnings": list(sentences.warnings(one.a, one.b)),
            "parameters": _escaped(one.parameters()),
            "code": _escaped(one.code()),
            "data": one.data(),
            "listed": listed,
            "drawn": drawn,
            "tables": one.tables(),
            "methods": {name: sentences.method(name, one.found) for name in one.settings},
            "noise": {name: seed_noise(known, name, "test_error") for name in one.settings},
            "alpha": ALPHA,
        },
    )


def table(found: Sequence[Difference]) -> pd.DataFrame:
    """Return a row a difference, for `changes.csv`."""
    rows = [asdict(one) | {"basis": str(one.basis), "verdict": sentences.verdict(one)} for one in found]
    return pd.DataFrame(rows)


def _old_and_new(title: str, found: Sequence[Change]) -> pd.DataFrame:
    return pd.DataFrame([{title: one.path, "A": one.old, "B": one.new} for one in found])


def _named(cells: Sequence[Cell], known: set[str]) -> list[str]:
    """Name the cells; those of a setting that the other side lacks together."""
    named = [
        f"variant {variant} in {setting}" if setting in known else f"setting {setting}"
        for setting, variant in cells
    ]
    return list(dict.fromkeys(named))


def _escaped(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of texts whose bars do not end a cell and whose marks are shown as they are."""
    return frame.map(lambda text: f"`{str(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`")
