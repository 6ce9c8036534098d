"""Stage claims: a verdict on every claim, by the rule that was written down for it."""

from __future__ import annotations

from pipeline import claims
from pipeline.checkout import ROOT
from pipeline.claims.tables import evidence_table, verdict_table
from pipeline.errors import reports_errors
from pipeline.files import emptied, read_table, write_metrics, write_table

REPORTS = ROOT / "reports"


@reports_errors
def main() -> None:
    """Write the verdicts and the evidence for them."""
    tables = {path.stem: read_table(path) for path in sorted((REPORTS / "tables").glob("*.csv"))}
    for path in sorted((REPORTS / "probes").glob("*/*.csv")):
        tables[f"{path.parent.name}/{path.stem}"] = read_table(path)
    judged = [(claim, claim.judged_by(tables)) for claim in claims.discover()]
    evidence = evidence_table(judged)
    folder = emptied(REPORTS / "claims")
    write_table(folder / "evidence.csv", evidence)
    write_table(folder / "verdicts.csv", verdict_table(judged, tables))
    counts = evidence.groupby("claim").outcome.value_counts().unstack(fill_value=0)
    write_metrics(REPORTS / "metrics" / "claims.json", counts.to_dict("index"))


if __name__ == "__main__":
    main()
