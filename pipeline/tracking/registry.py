"""The registered models: a name a setting, a version a variant, and two aliases."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from mlflow.exceptions import MlflowException

from pipeline import params
from pipeline.tracking import entries, models, store
from pipeline.tracking.ledger import Group, Ledger
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
    found: dict[str, dict[str, Cell]] = {}
    lowest: dict[str, float] = {}
    for cell in filter(models.has_one, cells):
        name = name_of(cell.planned[0].setting)
        own = found.setdefault(name, {})
        if cell.part == params.BASELINE:
            own[params.BASELINE] = cell
        loss = entries.of_cell(cell).metrics.get(f"{entries.FINAL}{models.VALIDATION}", math.inf)
        if loss < lowest.get(name, math.inf):
            own[CHAMPION], lowest[name] = cell, loss
    return found


def register(ledger: Ledger, groups: Mapping[str, Group], cells: Iterable[Cell]) -> None:
    """Register the networks of the present outputs, and point the aliases at theirs."""
    versions = {}
    for cell in filter(models.has_one, cells):
        parent = groups[cell.key].parent.info.run_id
        name = name_of(cell.planned[0].setting)
        versions[cell.key] = _versions(ledger, parent).get(name) or _new_version(ledger, cell, parent, name)
    for name, wanted in aliases(cells).items():
        found = _aliases(ledger, name)
        for alias, cell in wanted.items():
            if found.get(alias) != versions[cell.key]:
                ledger.client.set_registered_model_alias(name, alias, versions[cell.key])
        for alias in found.keys() - wanted.keys():
            ledger.client.delete_registered_model_alias(name, alias)


def disagreements(ledger: Ledger, groups: Mapping[str, Group], cells: Iterable[Cell]) -> Iterator[str]:
    """Yield what `register` would change."""
    versions = {}
    for cell in filter(models.has_one, cells):
        name = name_of(cell.planned[0].setting)
        found = _versions(ledger, groups[cell.key].parent.info.run_id) if cell.key in groups else {}
        if name not in found:
            yield f"{cell.name}: expected a version of {name}, found none"
        versions[cell.key] = found.get(name)
    for name, wanted in aliases(cells).items():
        found = _aliases(ledger, name)
        for alias in sorted(found.keys() | wanted.keys()):
            expected = versions[wanted[alias].key] if alias in wanted else None
            if found.get(alias) != expected:
                yield f"{name}@{alias}: expected version {expected}, found {found.get(alias)}"


def _aliases(ledger: Ledger, name: str) -> dict[str, str]:
    """Return the version of every alias of a name; none where the name is not registered."""
    try:
        found = ledger.client.get_registered_model(name).aliases
    except MlflowException:
        return {}
    return {alias: str(version) for alias, version in found.items()}


def _versions(ledger: Ledger, parent: str) -> dict[str, str]:
    """Return the versions whose network was logged under a parent, by the registered name."""
    found = ledger.client.search_model_versions(f"run_id = '{parent}'")
    return {str(version.name): str(version.version) for version in found}


def _new_version(ledger: Ledger, cell: Cell, parent: str, name: str) -> str:
    (model,) = ledger.models(parent)
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
        run_id=parent,
        model_id=model.model_id,
        tags={"variant": cell.planned[0].variant, entries.KEY: cell.reported[models.best(cell)].run.key},
        description=models.card(cell),
    )
    return str(made.version)
