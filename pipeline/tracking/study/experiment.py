"""The study's experiment in MLflow, and who records in it."""

from __future__ import annotations

import functools
import os

from mlflow import MlflowClient

from pipeline.system import checkout
from pipeline.tracking.agreement import Circumstances, Experiment, Ledger, Process, store
from pipeline.tracking.study import view

NAME = "regularization-study"
# MLflow's own name for training as against generative AI; it decides which pages an experiment has.
KIND = {"mlflow.experimentKind": "custom_model_development"}
DVC_EXPERIMENT = "dvc_experiment"
NOTE = """Every Keras run of the study, as DVC keeps it. {report}

| kind | a run is | and has |
| --- | --- | --- |
| `variant` | a variant in a setting | means with 95 % intervals (`low/`, `high/`), mean curves |
| `cell` | what a question asked for beside the settings | the same |
| `run` | one training, below its variant | parameters, scores (`final/`), curves (`epoch/`), its network |
| `trial` | a training that a strength was chosen by | the same, and no test score |
| `study` | the report | its page, figures and tables |

The view `{view}` (Views) has a row a variant.
`tags.current = 'false'` are runs of another revision, or of an experiment (`dvc_experiment`).

`python -m pipeline verify` compares all of it with what DVC keeps, `python -m pipeline sync` mends it.
"""


def described(report: str = "") -> Experiment:
    """Return the experiment; `report` is the address of the report, once there is one."""
    linked = f"[The report]({report})" if report else ""
    note = NOTE.format(report=linked, view=view.NAME)
    return Experiment(NAME, note, {**KIND, **view.tags()})


def experiment() -> tuple[MlflowClient, str]:
    """Return a client and the id of the study's experiment; create store and experiment if missing."""
    return store.opened(described())


def ledger(commit: str = "") -> Ledger:
    """Return the study's experiment, to read and write; `commit` is that of results that are not here."""
    return Ledger(described(), _circumstances(commit), outer=store.outer_run())


def is_workspace() -> bool:
    """Tell whether what is trained here are the present DVC outputs, not those of an experiment's copy."""
    return checkout.main_checkout() == checkout.ROOT


@functools.cache
def _process() -> Process:
    return Process(checkout.main_checkout() / ".dvc" / "tmp" / "recording")


def _circumstances(commit: str) -> Circumstances:
    name = os.environ.get("DVC_EXP_NAME")
    return Circumstances(_process(), checkout.ROOT, commit, {DVC_EXPERIMENT: name} if name else {})
