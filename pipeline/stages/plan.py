"""Stage plan: check `params.yaml` whole, and resolve it into the runs of every variant.

A variant's plan names all that its runs depend on, the code of its own regularizers included; DVC sees
from it which variants a change concerns.
"""

from __future__ import annotations

from pipeline import params, plan, records
from pipeline.checkout import ROOT
from pipeline.data import prepared
from pipeline.errors import reports_errors


@reports_errors
def main() -> None:
    """Write a plan a variant."""
    settings = params.load(ROOT / "params.yaml")
    planned = plan.resolve(settings, prepared.read_digests(ROOT))
    plan.write(ROOT / records.PLANS, planned)
    records.prune(ROOT, planned)


if __name__ == "__main__":
    main()
