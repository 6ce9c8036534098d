"""Stage report: figures and the report, from the tables."""

from __future__ import annotations

import math
import sys

import numpy as np
import pandas as pd

from pipeline import params
from pipeline.checkout import ROOT
from pipeline.claims import tables as judged
from pipeline.data import prepared
from pipeline.errors import reports_errors
from pipeline.files import emptied
from pipeline.reporting import claims, figures, findings, markdown, provenance, style

REPORTS = ROOT / "reports"


@reports_errors
def main() -> None:
    """Draw the figures and write `reports/report.md`."""
    study = params.load(ROOT / "params.yaml")
    names = ("runs", "summary", "differences", "curves", "tuning")
    # A variant may be called `nan` or `null`.
    tables = {name: pd.read_csv(REPORTS / "tables" / f"{name}.csv", keep_default_na=False) for name in names}
    verdicts = pd.read_csv(REPORTS / "claims" / "verdicts.csv", keep_default_na=False, dtype=str)
    _draw(study, tables)
    summary, differences = tables["summary"], tables["differences"]
    compared = [name for name in study.settings if name in set(differences.setting)]
    error = float(summary[summary.metric == "test_error"].estimate.min())
    test_size = len(np.load(ROOT / prepared.IMAGES / "test_labels.npy", mmap_mode="r", allow_pickle=False))
    page = markdown.render(
        "report.md.j2",
        {
            "findings": [findings.headline(name, summary, differences) for name in compared],
            "conditions": {n: findings.conditions(n, s) for n, s in study.settings.items()},
            "rankings": {n: findings.ranking(n, summary, differences) for n in compared},
            "verdicts": verdicts.to_dict("records"),
            "claims": claims.overview(verdicts),
            "claims_counted": claims.sentence(judged.joint(verdicts)),
            "choices": findings.choices(tables["tuning"]),
            "tuning": study.tuning,
            "curve_settings": _validated(study),
            "test_size": test_size,
            "example_error": error,
            "binomial": math.sqrt(error * (100 - error) / test_size),
            "provenance": provenance.table(ROOT, study),
        },
    )
    (REPORTS / "report.md").write_text(page, encoding="utf-8")
    _publish()


def _publish() -> None:
    from pipeline import tracking

    try:
        tracking.publish(ROOT)
    except tracking.UNREACHABLE as error:
        print(
            f"warning: the report is not in MLflow: {error}; python -m pipeline sync logs it", file=sys.stderr
        )


def _draw(study: params.Params, tables: dict[str, pd.DataFrame]) -> None:
    folder = emptied(REPORTS / "figures")
    families, settings = study.families(), list(study.settings)
    style.use()
    summary = tables["summary"]
    drawn = {
        "bias_variance": figures.bias_variance(summary, families, settings),
        "gap": figures.gaps(summary, families, settings),
        "differences": figures.differences(tables["differences"], families, settings),
    }
    for name in _validated(study):
        drawn[f"curves_{name}"] = figures.curves(tables["curves"], families, name)
    for name, figure in drawn.items():
        style.save(figure, folder / f"{name}.png")


def _validated(study: params.Params) -> list[str]:
    return [name for name, setting in study.settings.items() if setting.validation_size]


if __name__ == "__main__":
    main()
