"""What people have added to a run: it goes on with the run that takes its place."""

from __future__ import annotations

import tempfile

from mlflow.entities import Run as Logged

from pipeline.tracking.agreement import artifacts, store
from pipeline.tracking.agreement.circumstances import PROCESS
from pipeline.tracking.agreement.entities import CURRENT, GROUP_KEY, KEY, REASON, WRITTEN
from pipeline.tracking.agreement.entry import Entry
from pipeline.tracking.agreement.ledger import Ledger

OURS = {GROUP_KEY, KEY, CURRENT, REASON, WRITTEN, PROCESS, store.NOTE, store.NOTE_DIGEST, "git.diff"}
FORM = "mlflow."  # MLflow's own tags


def inherit(ledger: Ledger, old: Logged, kept: str, entry: Entry) -> None:
    """Log under `kept` what people have added to `old`: tags, a description, parameters, metrics, files."""
    there = ledger.client.get_run(kept).data
    tags = {
        name: value
        for name, value in old.data.tags.items()
        if name not in OURS and name not in there.tags and not name.startswith((FORM, artifacts.DIGEST))
    }
    if store.whose(old.data.tags) == "theirs":
        tags |= {
            name: old.data.tags[name] for name in (store.NOTE, store.NOTE_DIGEST) if name in old.data.tags
        }
    params = {name: value for name, value in old.data.params.items() if name not in there.params}
    names = [name for name in old.data.metrics if name not in (*there.metrics, *entry.curves)]
    points = [point for name in names for point in ledger.client.get_metric_history(old.info.run_id, name)]
    ledger.log(entry.name, kept, tags, params, points)
    ours = {path.partition("/")[0] for path in (*entry.artifacts, "git.diff")}
    for item in ledger.client.list_artifacts(old.info.run_id):
        if item.path not in ours:
            with tempfile.TemporaryDirectory() as scratch:
                local = ledger.client.download_artifacts(old.info.run_id, item.path, scratch)
                if item.is_dir:
                    ledger.client.log_artifacts(kept, local, item.path)
                else:
                    ledger.client.log_artifact(kept, local)
