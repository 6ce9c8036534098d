"""A store beside what it is to say: `verify` names every difference, `sync` mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mlflow.exceptions import MlflowException

from pipeline.tracking.agreement import groups, models, registry, store
from pipeline.tracking.agreement.entry import Contents
from pipeline.tracking.agreement.groups import Difference
from pipeline.tracking.agreement.ledger import Ledger

STALE = 7 * 24.0  # hours after which a run that still says RUNNING is taken for lost


def differences(ledger: Ledger, contents: Contents) -> Iterator[Difference]:
    """Yield all that differs: first the runs, then their models, then the names of these.

    Each is found when those before it may have been mended already.
    """
    for part in (groups, models, registry):
        yield from part.differences(ledger, contents)


def verify(ledger: Ledger, contents: Contents) -> list[str]:
    """Return a line for everything that the store says otherwise."""
    lines = [line for difference in differences(ledger, contents) for line in difference.lines]
    return lines + [f"{run.info.run_name}: RUNNING" for run in ledger.running()]


def sync(
    ledger: Ledger,
    contents: Contents,
    wrote: Callable[[str], object] = lambda name: None,
    stale: float = STALE,
) -> list[str]:
    """Let the store say it; return the names of what was mended, and tell `wrote` of each.

    Where they agree nothing is written, so it may be repeated, and interrupted anywhere. What the store
    refuses is in `ledger.refused`. Runs of ours that have been RUNNING for `stale` hours are ended.
    """
    ledger.close_stale(stale)
    written: dict[str, None] = {}
    for difference in differences(ledger, contents):
        try:
            difference.mend()
        except MlflowException as error:
            if not store.is_refusal(error):
                raise
            ledger.refused.append(f"{difference.name}: the store refuses it: {store.said(error)}")
            continue
        if difference.name not in written:
            written[difference.name] = None
            wrote(difference.name)
    return list(written)
