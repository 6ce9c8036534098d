"""What was recorded last, by its digest: so that nothing need be compared where nothing is new."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.tracking.agreement import Ledger, digest_of
from pipeline.tracking.study import experiment, report
from pipeline.tracking.study.sources import LOCK

TAG = "recorded"  # of the experiment


def is_recorded(root: Path) -> bool:
    """Tell whether the store was left in agreement with these results and this report."""
    client, identity = experiment.experiment()
    now = _fingerprint(root)
    return bool(now) and client.get_experiment(identity).tags.get(TAG) == now


def remember(root: Path, ledger: Ledger) -> None:
    """Note that the store is in agreement with what is here now."""
    if (now := _fingerprint(root)) and experiment.is_workspace():
        ledger.client.set_experiment_tag(ledger.experiment, TAG, now)


def _fingerprint(root: Path) -> str:
    """Return a digest of the results that `dvc.lock` names, and of the report; "" where nothing is locked."""
    try:
        stages = YAML(typ="safe").load(root / LOCK)["stages"]
        outs = [out for stage in stages.values() for out in stage.get("outs", ())]
        results = sorted((out["path"], out["md5"]) for out in outs if out["path"].startswith("results/runs/"))
    except (OSError, YAMLError, KeyError, TypeError, AttributeError):
        return ""
    return digest_of([results, [group.entry.key for group in report.group(root)]])
