"""Whatever stands in `params.yaml`: refused in printable lines, or accepted and plannable."""

import copy
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline import questions
from pipeline.params import flattened
from pipeline.system import machine
from pipeline.system.errors import UserError
from tests import asking, spoilt

Place = tuple[Any, ...]
# Values at the edges, of every kind, and the shapes that a method or a network may have by mistake.
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, 0, -1, 2, 10**20, 0.5, 1e300, float("inf"), float("nan")),
        *("", "all", "mnist", "datasets/x", "é\n\x1b[2J", "x" * 50),
        *([], [1], [1, 2], [[1]], [None], ["a", "a"], {}, {"a": 1}, {None: []}, {1: {}}),
        *({"l2": [1, [2]]}, {"l2": {"strength": [0.1, 0.2]}}, {"l2": {"strength": {"a": [1]}}}),
        *({"dense": [1, 2]}, {"dense": None}, {"dense": {"hidden": []}}),
    ]
)
CHANGES = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(["put", "remove", "copy", "wrap", "rename"]), JUNK),
    min_size=1,
    max_size=4,
)


def places(section: Any, at: Place = ()) -> Iterator[Place]:
    """Every place below a section."""
    keys = section if isinstance(section, dict) else range(len(section)) if isinstance(section, list) else ()
    for key in keys:
        yield (*at, key)
        yield from places(section[key], (*at, key))


def changed(raw: dict[str, Any], changes: list[tuple[int, str, Any]]) -> dict[str, Any]:
    raw = copy.deepcopy(raw)
    for number, how, junk in changes:
        known = list(places(raw))
        if not known:
            return raw
        *parents, key = known[number % len(known)]
        section: Any = raw
        for step in parents:
            section = section[step]
        match how:
            case "put":
                section[key] = copy.deepcopy(junk)
            case "remove":
                del section[key]
            case "copy":
                section[key] = copy.deepcopy(section[next(iter(section)) if isinstance(section, dict) else 0])
            case "wrap":
                section[key] = [section[key]]
            case "rename" if isinstance(section, dict):
                section[junk if isinstance(junk, str | int | float | None) else "new"] = section.pop(key)
    return raw


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_it_is_refused_in_lines_or_can_be_planned(
    raw_params: dict[str, Any], changes: list[tuple[int, str, Any]]
) -> None:
    try:
        study = asking.check(changed(raw_params, changes))
    except UserError as error:
        lines = str(error).splitlines()
    else:
        asking.resolved(study)
        lines = []
    assert all(line.isprintable() and line.startswith("params.yaml: ") for line in lines)


def refused(path: Path) -> bool:
    try:
        questions.load(path)
    except UserError as error:
        lines = str(error).splitlines()
    else:
        lines = []
    assert all(map(str.isprintable, lines))
    return bool(lines)


@pytest.mark.parametrize("way", spoilt.WAYS)
def test_a_spoilt_file_is_read_or_refused(tmp_path: Path, raw_params: dict[str, Any], way: Any) -> None:
    path, rng = tmp_path / "params.yaml", np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(raw_params, file)
    content = path.read_bytes()
    outcomes = []
    for _ in range(15):
        path.write_bytes(way(content, rng))
        outcomes.append(refused(path))
    assert any(outcomes)


# ruamel.yaml fails on each with an exception of another kind.
TEXTS = (
    "a: 2020-13-45",
    "scale: !!int abc",
    "scale: !!float x",
    "scale: !!bool maybe",
    "a: " + "9" * 5000,
    "[" * 5000,
    "{a: " * 5000,
    "a: \x00",
    "? [a]\n: b",
    "--- a\n--- b",
    "settings: &s {a: *s}",
    "variants: &v {a: {l2: *v}}",
    "!!python/object/apply:os.system ['exit 7']",
)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:12])
def test_what_yaml_cannot_be_built_of_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    assert refused(tmp_path / "params.yaml")
    (tmp_path / machine.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"^machine\.yaml: "):
        machine.read(tmp_path)
    with suppress(ValueError):  # of another revision, nothing else is checked
        flattened(text)


def test_machine_yaml_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / machine.FILE).write_bytes(b"workers: \xff\n")
    with pytest.raises(UserError, match=r"^machine\.yaml: expected YAML, received 'utf-8' codec"):
        machine.read(tmp_path)


def test_a_list_where_a_regularizer_belongs_is_named(raw_params: dict[str, Any]) -> None:
    raw_params["variants"]["mixed"] = {"l1": {"strength": [0.1, 0.2]}, "l2": [1]}
    with pytest.raises(UserError) as refusal:
        asking.check(raw_params)
    assert str(refusal.value) == "params.yaml: variants.mixed.l2: expected a mapping, received [1]"
