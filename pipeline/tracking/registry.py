"""The registered models: a name a setting, a version a variant, and two aliases."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from mlflow.entities import LoggedModel
from mlflow.exceptions import MlflowException

from pipeline import params
from pipeline.tracking import entries, models, store
from pipeline.tracking.ledger import Ledger, LoggedCell
from pipeline.tracking.outputs import Cell

CHAMPION = "champion"


def name_of(setting: str) -> str:
    """Return the name under which the networks of a setting are registered."""
    return f"{store.EXPERIMENT}-{setting}"


def aliases(cells: Iterable[Cell]) -> dict[str, dict[str, Cell]]:
    """Return which cell every alias of every name stands for.

    `baseline`, and `champion`: the lowest mean validation loss; never by the test set, and none where
    nothing is held out.
    """
    cells_by_alias: dict[str, dict[str, Cell]] = {}
    lowest: dict[str, float] = {}
    for cell in filter(models.has_one, cells):
        name = name_of(cell.planned[0].setting)
        of_setting = cells_by_alias.setdefault(name, {})
        if cell.planned[0].variant == params.BASELINE:
            of_setting[params.BASELINE] = cell
        loss = entries.of_cell(cell).metrics.get(f"{entries.FINAL}{models.VALIDATION}", math.inf)
        if loss < lowest.get(name, math.inf):
            of_setting[CHAMPION], lowest[name] = cell, loss
    return cells_by_alias


def register(ledger: Ledger, logged_cells: Mapping[str, LoggedCell], cells: Iterable[Cell]) -> None:
    """Register the networks of the present outputs, and point the aliases at theirs."""
    versions, networks = _versions(ledger), ledger.models()
    for cell in filter(models.has_one, cells):
        parent = logged_cells[cell.key].parent.info.run_id
        if parent not in versions:
            (model,) = networks[parent]
            versions[parent] = _new_version(ledger, cell, model)
    for name, wanted in aliases(cells).items():
        registered = _aliases(ledger, name)
        for alias, cell in wanted.items():
            version = versions[logged_cells[cell.key].parent.info.run_id]
            if registered.get(alias) != version:
                ledger.client.set_registered_model_alias(name, alias, version)
        for alias in registered.keys() - wanted.keys():
            ledger.client.delete_registered_model_alias(name, alias)


def disagreements(
    ledger: Ledger, logged_cells: Mapping[str, LoggedCell], cells: Iterable[Cell]
) -> Iterator[str]:
    """Yield what `register` would change."""
    by_parent = _versions(ledger)
    versions = {key: by_parent.get(logged.parent.info.run_id) for key, logged in logged_cells.items()}
    for cell in filter(models.has_one, cells):
        if versions.get(cell.key) is None:
            yield f"{cell.name}: expected a version of {name_of(cell.planned[0].setting)}, found none"
    for name, wanted in aliases(cells).items():
        registered = _aliases(ledger, name)
        for alias in sorted(registered.keys() | wanted.keys()):
            expected = versions.get(wanted[alias].key) if alias in wanted else None
            if registered.get(alias) != expected:
                yield f"{name}@{alias}: expected version {expected}, found {registered.get(alias)}"


def _aliases(ledger: Ledger, name: str) -> dict[str, str]:
    """Return the version of every alias of a name; none where the name is not registered."""
    try:
        aliases = ledger.client.get_registered_model(name).aliases
    except MlflowException:
        return {}
    return {alias: str(version) for alias, version in aliases.items()}


def _versions(ledger: Ledger) -> dict[str, str]:
    """Return the versions of the study's networks, by the parent that these were logged under."""
    return {parent: str(versions[0].version) for parent, versions in ledger.versions().items()}


def _new_version(ledger: Ledger, cell: Cell, model: LoggedModel) -> str:
    name = name_of(cell.planned[0].setting)
    try:
        ledger.client.get_registered_model(name)
    except MlflowException:
        note = (
            f"The networks of the setting `{cell.planned[0].setting}`, a version a variant. `{CHAMPION}` has "
            "the lowest mean validation cross-entropy, where images are held out; `baseline` has no "
            "regularizer."
        )
        ledger.client.create_registered_model(name, description=note)
    made = ledger.client.create_model_version(
        name,
        source=model.artifact_location,
        run_id=model.source_run_id,
        model_id=model.model_id,
        tags={"variant": cell.planned[0].variant, entries.KEY: cell.reported[models.best(cell)].run.key},
        description=models.card(cell),
    )
    return str(made.version)
