"""Bad input to the agreement: a line that says whose it is and what is right, before anything is written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from pipeline.system.errors import UserError
from pipeline.tracking.agreement import (
    Contents,
    Data,
    Entry,
    Experiment,
    Group,
    Ledger,
    ModelEntry,
    Registered,
    sync,
    verify,
)
from tests.tracking.agreement import weather

HERE = Path(__file__)
LARGEST = 1.7976931348623157e308  # what MLflow's databases make of an infinite value


def run(key: Any = "r", **fields: Any) -> Entry:
    return Entry(key=key, **{"name": "run", **fields})


def model(of: Any, name: str = "net", registered: str = "nets") -> ModelEntry:
    return ModelEntry(of, name, {}, registered, "A card.", lambda folder, described: None)


FAULTS: dict[str, tuple[Callable[[], object], str]] = {
    "empty key": (lambda: run(""), "Entry 'run': key: expected a text that is not empty, received ''"),
    "key": (lambda: run(5), "Entry 'run': key: expected string, received 5"),
    "tag": (lambda: run(tags={"t": 5}), "Entry 'run': tags.t: expected string, received 5"),
    "tags": (lambda: run(tags=None), "Entry 'run': tags: expected a mapping, received None"),
    "parameter": (lambda: run(params={"p": 0.1}), "Entry 'run': params.p: expected string, received 0.1"),
    "long parameter": (
        lambda: run(params={"p": "x" * 6001}),
        "Entry 'run': params.p: expected at most 6000 characters, received 'xxx...",
    ),
    "metric": (lambda: run(metrics={"m": "low"}), "Entry 'run': metrics.m: expected number, received 'low'"),
    "no metric": (lambda: run(metrics={"m": None}), "Entry 'run': metrics.m: expected number, received None"),
    "scalar curve": (
        lambda: run(curves={"c": 1.0}),
        "Entry 'run': curves.c: expected a sequence of numbers, one an epoch, received 1.0",
    ),
    "curve by epoch": (
        lambda: run(curves={"c": {1: 0.5}}),
        "Entry 'run': curves.c: expected a sequence of numbers, one an epoch, received {1: 0.5}",
    ),
    "a point": (
        lambda: run(curves={"c": [1.0, None]}),
        "Entry 'run': curves.c.1: expected number, received None",
    ),
    "metric and curve": (
        lambda: run(metrics={"m": 1.0}, curves={"m": [1.0]}),
        "Entry 'run': curves: expected names that no metric has, received 'm'",
    ),
    "no file": (
        lambda: run(artifacts={"a.txt": Path("nowhere")}),
        "Entry 'run': artifacts.a.txt: expected the Path of a file that is there, or Drawn, received ...",
    ),
    "file by name": (
        lambda: run(artifacts={"a.txt": str(HERE)}),
        "Entry 'run': artifacts.a.txt: expected the Path of a file that is there, or Drawn, received ...",
    ),
    "outside": (
        lambda: run(artifacts={"../a.txt": HERE}),
        "Entry 'run': artifacts.../a.txt: expected a relative path without .., received '../a.txt'",
    ),
    "absolute": (
        lambda: run(artifacts={"/a.txt": HERE}),
        "Entry 'run': artifacts./a.txt: expected a relative path without .., received '/a.txt'",
    ),
    "a field": (lambda: run(metric={}), "Entry 'run': metric: expected one of the fields, received another"),
    "one too many": (
        lambda: Data("rain", "x", "csv", {}, 5),  # type: ignore[call-arg]
        "Data 'rain': 4: expected no more fields, received another",
    ),
    "no name": (lambda: Entry("r"), "Entry: name: expected a value, received none"),  # type: ignore[call-arg]
    "digest": (
        lambda: Data("rain", "x" * 37, "csv", {}),
        "Data 'rain': digest: expected at most 36 characters, received 'xxx...",
    ),
    "runs twice": (
        lambda: Group(Entry("g", "group"), [run(), run(name="two")]),
        "Group 'group': runs: expected a key of its own for each, received 'r' 2 times",
    ),
    "groups twice": (
        lambda: Contents([Group(run("g")), Group(run("g"))]),
        "Contents: groups: expected a key of its own for each, received 'g' 2 times",
    ),
    "alias": (
        lambda: Registered("Nets.", {"latest": "g"}),
        "Registered: aliases.latest: expected letters, digits, _ or -, not latest, not v1, received 'latest'",
    ),
    "alias of nothing": (
        lambda: Contents([Group(run("g"))], {"nets": Registered("Nets.", {"top": "ty"})}),
        "Contents: registered.nets.aliases.top: expected the key of a group that has a model, received 'ty'",
    ),
    "model of a key": (
        lambda: model("r"),
        "ModelEntry 'net': run: expected a dictionary or an instance of Entry, received 'r'",
    ),
    "model of no run": (
        lambda: Contents([Group(run("g"), [run("q")], model(run()))], {"nets": Registered("Nets.", {})}),
        "ModelEntry 'net': run: expected a run of a group, received another",
    ),
    "model without a name": (
        lambda: Contents([Group(run("g"), [run()], model(run()))]),
        "Contents: registered: expected 'nets', the name of the model 'net', received none",
    ),
    "model's name": (
        lambda: model(run(), "a/b"),
        "ModelEntry 'a/b': name: expected a name without /:.%\"', received 'a/b'",
    ),
    "registered name": (
        lambda: model(run(), registered="a:b"),
        "ModelEntry 'net': registered: expected a name without /:', received 'a:b'",
    ),
    "experiment": (
        lambda: Experiment(""),
        "Experiment '': name: expected a text that is not empty, received ''",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line(fault: str) -> None:
    make, said = FAULTS[fault]
    with pytest.raises(UserError) as raised:
        make()
    (line,) = str(raised.value).splitlines()
    assert line == said or (said.endswith("...") and line.startswith(said.removesuffix("...")))
    assert len(line) <= 300


def test_numbers_of_any_kind_are_taken_as_a_database_gives_them_back() -> None:
    entry = run(
        metrics={"float32": np.float32(0.5), "int64": np.int64(3), "inf": -np.inf, "large": 2**60 + 1},
        curves={"array": np.array([1.5, np.inf], np.float32), "range": range(3), "empty": []},
    )
    assert entry.metrics == {"float32": 0.5, "int64": 3.0, "inf": -LARGEST, "large": 2.0**60}
    assert entry.curves == {"array": [1.5, LARGEST], "range": [0.0, 1.0, 2.0], "empty": []}
    assert {type(value) for value in entry.metrics.values()} == {float}


@pytest.fixture
def ledger(database: Path, tmp_path: Path) -> Ledger:
    return weather.ledger(tmp_path)


def test_what_is_legal_and_odd_agrees_once_it_is_written(ledger: Ledger) -> None:
    odd = run(
        params={"empty": "", "ü": "a\nb"},
        metrics={"nan": np.nan, "inf": np.inf, "int": np.int64(3)},
        curves={"c": np.array([np.nan, np.inf, 0.1], np.float32), "none": []},
        tags={"long": "x" * 5000},
        artifacts={"ü b#c%20.txt": HERE},
    )
    contents = Contents([Group(Entry("g", "group"), [odd])])
    assert sync(ledger, contents) == ["group"]
    assert verify(ledger, contents) == []
    assert sync(ledger, contents) == []


@pytest.mark.parametrize("name", ["run_key", "current", "mlflow.runName", "mlflow.note.content"])
def test_a_tag_that_has_a_meaning_is_one_line(ledger: Ledger, name: str) -> None:
    with pytest.raises(
        UserError, match=rf"^Entry 'run': tags: expected other names than '{name}'; rename it$"
    ):
        sync(ledger, Contents([Group(run("g", tags={name: "x"}))]))
    assert ledger.search("") == []


def test_a_model_that_writes_nothing_is_one_line(ledger: Ledger) -> None:
    contents = Contents([Group(run("g"), [run()], model(run()))], {"nets": Registered("Nets.", {})})
    with pytest.raises(
        UserError, match=r"^ModelEntry 'net': save: expected a model of MLflow's, received none$"
    ):
        sync(ledger, contents)


def test_what_others_are_running_is_neither_reported_nor_ended(ledger: Ledger) -> None:
    theirs = ledger.client.create_run(ledger.experiment, start_time=1, run_name="theirs").info.run_id
    contents = weather.contents("arima")
    sync(ledger, contents, stale=1.0)
    assert verify(ledger, contents) == []
    found = ledger.client.get_run(theirs)
    assert (found.info.status, found.data.tags.get("reason")) == ("RUNNING", None)


def test_a_group_that_the_store_refuses_is_named_and_the_rest_goes_on(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = MlflowClient.create_run

    def refuse(self: MlflowClient, *given: Any, **more: Any) -> Any:
        if "arima" in given:
            raise MlflowException.invalid_parameter_value("no such forecasts here")
        return whole(self, *given, **more)

    with monkeypatch.context() as patched:
        patched.setattr(MlflowClient, "create_run", refuse)
        assert sync(ledger, weather.contents("arima", "tree")) == ["tree"]
    (said,) = ledger.refused
    assert said.startswith("arima: the store refuses it: ")
    assert said.endswith("no such forecasts here")
