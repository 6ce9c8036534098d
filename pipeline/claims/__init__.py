"""The claims of the source text, one file a question, found by module name.

A module's docstring is its decision rule, written down before the data were looked at: endpoints, tests,
margins, and what makes it supported, refuted, conditional or inconclusive. Its `CLAIMS` are what is judged.
"""

from __future__ import annotations

import importlib
import pkgutil

from pipeline.claims.claim import Claim, Tables

__all__ = ["Claim", "Tables", "discover"]


OWN = {"claim", "tables"}  # what a claim is, and the verdicts as tables


def discover() -> list[Claim]:
    """Return every claim, in the order of their numbers.

    Raises TypeError for a module without claims and for a number used twice.
    """
    found: dict[str, Claim] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name in OWN:
            continue
        claims = getattr(importlib.import_module(f"{__name__}.{module.name}"), "CLAIMS", ())
        if not claims:
            raise TypeError(f"{__name__}.{module.name}: expected CLAIMS, found none")
        for claim in claims:
            if claim.number in found:
                raise TypeError(
                    f"{__name__}.{module.name}: expected a number of its own, found {claim.number}"
                )
            found[claim.number] = claim
    return [found[number] for number in sorted(found)]
