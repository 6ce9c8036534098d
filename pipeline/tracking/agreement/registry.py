"""The registered names: a version a group that has a model, and aliases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlflow.entities import LoggedModel
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException
from mlflow.utils import mlflow_tags

from pipeline.tracking.agreement import models
from pipeline.tracking.agreement.entities import GROUP_KEY
from pipeline.tracking.agreement.entry import Contents, Group, ModelEntry
from pipeline.tracking.agreement.groups import Difference
from pipeline.tracking.agreement.ledger import Ledger


def differences(ledger: Ledger, contents: Contents) -> Iterator[Difference]:
    """Yield a difference for every version, its tags and description, and every alias that is another."""
    if not contents.current or not contents.registered:
        return
    logged = models.of_groups(ledger)
    versions = ledger.versions(contents.registered)
    by_group: dict[str, str] = {}
    for name in contents.registered:
        if _registered(ledger, name) is None:
            yield _unregistered(ledger, contents, name)
    for group in contents.groups:
        several = logged.get(group.entry.key, [])
        if group.model and len(several) == 1:
            name = group.model.registered
            version = versions.get((name, group.entry.key, str(several[0].source_run_id)))
            if version is None:
                line = f"{group.entry.name}: expected a version of {name}, found none"
                yield Difference(group.entry.name, [line], _new(ledger, group, several[0], by_group))
                continue
            by_group[group.entry.key] = str(version.version)
            if lines := list(_otherwise(version, group.model)):
                yield Difference(group.entry.name, lines, _described(ledger, version, group.model))
    for name, registered in contents.registered.items():
        yield from _aliases(ledger, name, registered.aliases, by_group)


def _aliases(
    ledger: Ledger, name: str, aliases: Mapping[str, str | None], versions: Mapping[str, str]
) -> Iterator[Difference]:
    found = _registered(ledger, name)
    there = {alias: str(version) for alias, version in found.aliases.items()} if found else {}
    for alias, key in aliases.items():
        expected = versions.get(key) if key else None
        if there.get(alias) == expected or (key and expected is None):  # named already: a version is missing
            continue
        line = f"{name}@{alias}: expected version {expected}, found {there.get(alias)}"
        yield Difference(f"{name}@{alias}", [line], _point(ledger, name, alias, expected))


def _point(ledger: Ledger, name: str, alias: str, version: str | None) -> Callable[[], Any]:
    if version is None:
        return lambda: ledger.client.delete_registered_model_alias(name, alias)
    return lambda: ledger.client.set_registered_model_alias(name, alias, version)


def _registered(ledger: Ledger, name: str) -> RegisteredModel | None:
    try:
        return ledger.client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def _unregistered(ledger: Ledger, contents: Contents, name: str) -> Difference:
    note = contents.registered[name].description
    return Difference(
        name,
        [f"{name}: expected a registered model, found none"],
        lambda: _create(ledger, name, note),
    )


def _create(ledger: Ledger, name: str, note: str) -> None:
    ledger.client.create_registered_model(name, description=note)


def _new(ledger: Ledger, group: Group, model: LoggedModel, versions: dict[str, str]) -> Callable[[], None]:
    """Return what registers a model; its version is in `versions` afterwards."""

    def register() -> None:
        assert group.model is not None
        made = ledger.client.create_model_version(
            group.model.registered,
            source=model.artifact_location,
            run_id=model.source_run_id,
            model_id=model.model_id,
            tags={**group.model.tags, GROUP_KEY: group.entry.key},
            description=group.model.card,
        )
        versions[group.entry.key] = str(made.version)
        # By this the model's page knows its versions.
        named = json.dumps([{"name": made.name, "version": int(made.version)}])
        ledger.client.set_logged_model_tags(model.model_id, {mlflow_tags.MLFLOW_MODEL_VERSIONS: named})

    return register


def _otherwise(version: ModelVersion, model: ModelEntry) -> Iterator[str]:
    """Yield what a version says otherwise."""
    named = f"{version.name} {version.version}"
    for tag, value in model.tags.items():
        if version.tags.get(tag) != value:
            yield f"{named}: the tag {tag}: expected {value}, found {version.tags.get(tag)}"
    if not _has_card(version, model):
        yield f"{named}: expected its description, found another"


def _has_card(version: ModelVersion, model: ModelEntry) -> bool:
    return model.card in (version.description or "")  # what a person has written around it is that person's


def _described(ledger: Ledger, version: ModelVersion, model: ModelEntry) -> Callable[[], Any]:
    def describe() -> None:
        for tag, value in model.tags.items():
            ledger.client.set_model_version_tag(version.name, version.version, tag, value)
        if not _has_card(version, model):
            ledger.client.update_model_version(version.name, version.version, model.card)

    return describe
