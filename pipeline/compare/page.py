"""The comparison as a page: its texts and tables, which the terminal shows too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from pipeline.compare import changes, sentences
from pipeline.compare.changes import Change
from pipeline.compare.differences import Difference, missing, seed_noise
from pipeline.compare.scores import ENDPOINT, Cell
from pipeline.compare.sides import Side
from pipeline.science.levels import ALPHA, PERCENT
from pipeline.science.metrics import METRICS
from pipeline.system import markdown

TEMPLATE = Path(__file__).with_name("report.md.j2")
DIGEST = 12  # characters of a digest that are shown


@dataclass(frozen=True)
class Comparison:
    """Two sides and how their scores differ."""

    a: Side
    b: Side
    differences: list[Difference]

    @property
    def settings(self) -> list[str]:
        """Return the settings that both sides have, in their order."""
        return list(dict.fromkeys(difference.setting for difference in self.differences))

    @property
    def findings(self) -> list[str]:
        """Return a sentence a setting."""
        findings = [sentences.finding(name, self.differences) for name in self.settings]
        return findings or ["They share no variant."]

    @property
    def worse(self) -> list[Difference]:
        """Return the variants whose test error is worse beyond chance."""
        changed = [row for row in self.differences if row.metric == ENDPOINT and row.beyond_chance]
        return [row for row in changed if row.word == "worse"]

    def parameters(self) -> pd.DataFrame:
        """Return a row a parameter that differs."""
        return _old_and_new("parameter", changes.parameters(self.a, self.b))

    def code(self) -> pd.DataFrame:
        """Return a row a file of the code that differs."""
        return pd.DataFrame([{"file": path, "": how} for path, how in changes.code(self.a, self.b).items()])

    def data(self) -> pd.DataFrame:
        """Return a row an output of the stage prepare that differs."""
        shortened = [
            Change(change.path, change.old[:DIGEST], change.new[:DIGEST])
            for change in changes.data(self.a, self.b)
        ]
        return _old_and_new("md5 in dvc.lock", shortened)

    def listed(self) -> pd.DataFrame:
        """Return a row a variant that only one side has; a single row for a whole setting."""
        rows = []
        for how, side, elsewhere in (("removed", self.a, self.b), ("added", self.b, self.a)):
            known = {setting for setting, _ in elsewhere.scores.means}
            cells = missing(side.scores, elsewhere.scores)
            rows += [{"": how, "what": what} for what in _named(cells, known)]
        return pd.DataFrame(rows)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return a table a setting: a row a variant."""
        return {name: pd.DataFrame(self._rows(name)) for name in self.settings}

    def _rows(self, setting: str) -> Iterator[dict[str, str]]:
        """Yield a row a variant: the endpoint in numbers and in words, the other metrics in words."""
        differences = [row for row in self.differences if row.setting == setting]
        for variant in dict.fromkeys(row.variant for row in differences):
            by_metric = {row.metric: row for row in differences if row.variant == variant}
            endpoint, metric = by_metric[ENDPOINT], METRICS[ENDPOINT]
            yield {
                "variant": f"`{variant}`",
                metric.heading: sentences.means(endpoint),
                f"change, {metric.difference_unit}": sentences.change(endpoint),
                "Holm p": "" if endpoint.p_holm is None else f"{endpoint.p_holm:.2g}",
                **{METRICS[name].label: sentences.verdict(row) for name, row in by_metric.items()},
            }


def rendered(comparison: Comparison, drawn: bool) -> str:
    """Return the page in markdown; `drawn` says whether there is a figure."""
    a, b, settings = comparison.a, comparison.b, comparison.settings
    noise = {name: seed_noise((a.scores, b.scores), name, ENDPOINT) for name in settings}
    return markdown.render(
        TEMPLATE,
        {
            "a": a,
            "b": b,
            "origins": [sentences.origin(a), sentences.origin(b)],
            "findings": comparison.findings,
            "warnings": list(sentences.warnings(a, b)),
            "parameters": _escaped(comparison.parameters()),
            "code": _escaped(comparison.code()),
            "data": comparison.data(),
            "listed": comparison.listed(),
            "drawn": drawn,
            "tables": comparison.tables(),
            "methods": {name: sentences.method(name, comparison.differences) for name in settings},
            "noise": noise,
            "level": PERCENT,
            "alpha": ALPHA,
        },
    )


def table(differences: Sequence[Difference]) -> pd.DataFrame:
    """Return a row a difference, for `changes.csv`."""
    rows = [asdict(row) | {"basis": str(row.basis), "verdict": sentences.verdict(row)} for row in differences]
    return pd.DataFrame(rows)


def _old_and_new(title: str, differing: Sequence[Change]) -> pd.DataFrame:
    return pd.DataFrame([{title: change.path, "A": change.old, "B": change.new} for change in differing])


def _named(cells: Sequence[Cell], known: set[str]) -> list[str]:
    """Name the cells; those of a setting that the other side lacks are named together."""
    named = [
        f"variant {variant} in {setting}" if setting in known else f"setting {setting}"
        for setting, variant in cells
    ]
    return list(dict.fromkeys(named))


def _escaped(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of texts whose bars do not end a cell and whose marks are shown as they are."""
    return frame.map(lambda text: f"`{str(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`")
