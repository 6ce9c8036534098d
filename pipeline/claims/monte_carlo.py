"""Claim 5b: at inference dropout is off, or predictions are averaged over dropout samples.

The claim treats the two as interchangeable. Endpoint: test error of the average of k passes minus that
of weight scaling (points), at the two numbers of passes PASSES, in every setting with dropout. It holds
where two one-sided tests put the difference within +-MARGIN; it fails where the interval lies outside.
Negative log-likelihood and calibration are shown beside, not judged: a claim of equal accuracy says
nothing of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.claims.claim import Claim, Tables
from pipeline.probes.monte_carlo import IMAGES
from pipeline.science import verdicts
from pipeline.science.verdicts import Evidence

PASSES = (50, 100)
MARGIN = 0.1


def _evidence(tables: Tables) -> list[Evidence]:
    scores, found = tables["monte_carlo/scores"], []
    for setting in scores.setting.unique():
        own = scores[scores.setting == setting]
        errors = own.pivot_table(index=["split", "init"], columns="passes", values="error")
        found += verdicts.adjusted(
            [
                verdicts.paired(
                    setting,
                    f"error of {passes} passes against weight scaling",
                    "points",
                    errors[passes] - errors[0],
                    MARGIN,
                    equality=True,
                )
                for passes in PASSES
            ]
        )
    return found


def _finding(tables: Tables, evidence: Sequence[Evidence]) -> str:
    scores, said = tables["monte_carlo/scores"], []
    most = scores.passes.max()
    for setting in scores.setting.unique():
        means = scores[scores.setting == setting].groupby("passes")[["error", "nll", "ece"]].mean()
        one, many = means.loc[0], means.loc[most]
        said.append(
            f"in {setting} {most} passes err on {many.error:.2f} % and weight scaling on {one.error:.2f} % "
            f"(negative log-likelihood {many.nll:.3f} and {one.nll:.3f}, calibration error {many.ece:.3f} "
            f"and {one.ece:.3f})"
        )
    on = f"On at most {IMAGES:,} test images, one initialisation a training set (all of a single one): "
    return f"{on}{'; '.join(said)}." if said else ""


CLAIMS = (
    Claim(
        number="5b",
        text="At inference dropout may be off, or predictions averaged over dropout passes.",
        published="Srivastava et al. (2014), Fig. 11, as quoted: about 50 passes meet weight scaling.",
        evidence=_evidence,
        finding=_finding,
    ),
)
