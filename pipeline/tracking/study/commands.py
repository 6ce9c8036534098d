"""`verify` and `sync`: DVC and MLflow agree, on what is here or on the results of another commit."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from pipeline.system import children
from pipeline.system.errors import UserError
from pipeline.tracking import agreement
from pipeline.tracking.agreement import Contents, Ledger, agree, store
from pipeline.tracking.study import contents, entries, experiment, recorded, report, revision


@store.reached()
def verify(root: Path, rev: str | None = None) -> tuple[int, list[str]]:
    """Return how many Keras runs DVC keeps, and a line for everything in which MLflow's store differs.

    `rev` is the commit whose results are compared, without a checkout; None is what lies in `root`, which is
    then compared with `dvc.lock` too.
    """
    if rev is not None:
        with revision.results(root, rev) as (there, _):
            kept, count, problems = contents.read(there, current=False)
            return count, [*problems, *agreement.verify(experiment.ledger(), kept)]
    with _dvc_status(root) as status:  # which takes as long as reading the store
        kept, count, problems = contents.read(root)
        return count, [*problems, *agreement.verify(experiment.ledger(), kept), *_out_of_date(status)]


@store.reached()
def sync(
    root: Path,
    wrote: Callable[[str], object] = lambda name: None,
    *,
    rev: str | None = None,
    dry: bool = False,
    quick: bool = False,
    stale: float = agree.STALE,
) -> list[str]:
    """Make MLflow's store say what DVC keeps; return what was mended, and tell `wrote` of each.

    Runs of other revisions stay, marked as not current. With `dry` nothing is written, and `wrote` is told
    every difference. With `quick` nothing is compared where just this was recorded before. Raises UserError,
    when the rest is done, for outputs that are missing or are not those that are planned, and for values
    that the store refuses.
    """
    if quick and recorded.is_recorded(root):
        return []
    with revision.results(root, rev) if rev is not None else nullcontext((root, "")) as (there, commit):
        kept, _, problems = contents.read(there, current=False if rev is not None else None)
        ledger = experiment.ledger(commit)
        if dry:
            written = agreement.verify(ledger, kept)
            for line in written:
                wrote(line)
        else:
            written = agreement.sync(ledger, kept, wrote, stale)
            _describe(ledger, kept)
    if problems := [*problems, *ledger.refused]:
        raise UserError("\n".join(problems))
    if not dry and rev is None:
        recorded.remember(root, ledger)
    return written


def publish_networks(root: Path) -> bool:
    """Let the store say what DVC keeps, networks and their names included, before there is a report.

    Runs that a training stage has written are not compared again. Tells whether the store says it all.
    """
    kept, _, _ = contents.read(root)
    groups = [group for group in kept.groups if group.entry.tags[entries.KIND] != report.KIND]
    ledger = experiment.ledger()
    among = f"tags.{entries.KIND} != '{report.KIND}'"
    agreement.sync(ledger, replace(kept, groups=groups, among=among, quick=True))
    return kept.whole and not ledger.refused


def publish_reports(root: Path, whole: bool) -> None:
    """Log the report as it is now; `whole` tells whether the store says all the rest."""
    ledger, among = experiment.ledger(), f"tags.{entries.KIND} = '{report.KIND}'"
    page = Contents(groups=report.group(root), current=experiment.is_workspace(), among=among)
    agreement.sync(ledger, page)
    _describe(ledger, page)
    if whole and not ledger.refused:
        recorded.remember(root, ledger)


def _describe(ledger: Ledger, kept: Contents) -> None:
    """Let the experiment say what it is, and link the present report."""
    keys = [group.entry.key for group in kept.groups if group.entry.tags[entries.KIND] == report.KIND]
    if not (kept.current and keys):
        return
    (logged, *_) = ledger.groups(f"tags.{agreement.GROUP_KEY} = '{keys[0]}'")
    address = f"#/experiments/{ledger.experiment}/runs/{logged.parent.info.run_id}/artifacts/{report.BROWSER}"
    store.describe(ledger.client, ledger.experiment, experiment.described(address))


def _dvc_status(root: Path) -> subprocess.Popen[str]:
    """Ask DVC which outputs differ from `dvc.lock`. `dvc status` would not tell where its cache is gone."""
    return subprocess.Popen(
        (*children.DVC, "data", "status", "--json"),
        cwd=root,
        env=children.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _out_of_date(status: subprocess.Popen[str]) -> Iterator[str]:
    """Yield the results that are not those that `dvc.lock` names."""
    output, errors = status.communicate()
    if status.returncode:
        raise UserError(f"dvc data status: expected an answer, received {errors.strip()[-300:] or 'none'}")
    for state, paths in json.loads(output).get("uncommitted", {}).items():
        for path in paths:
            if path.startswith("results/"):
                yield f"{path.rstrip('/')}: expected as dvc.lock has it, found it {state}"
