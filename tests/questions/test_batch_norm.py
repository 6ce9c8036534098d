"""Batch normalization: what it asks for, and what is measured of records by hand."""

import io
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline.evaluation.cells import Cell
from pipeline.params import Optimizer
from pipeline.params.toy import LIMITS
from pipeline.plan import Run
from pipeline.questions.base import Question
from pipeline.questions.batch_norm import measure
from pipeline.questions.batch_norm.claims import CLAIMS
from pipeline.questions.batch_norm.settings import Settings
from pipeline.questions.study import Study
from pipeline.records import Record
from pipeline.system.errors import UserError
from tests import asking
from tests.asking import dense

Raw = dict[str, Any]
Edited = Callable[[Raw], Raw]
MakeRun = Callable[..., Run]
MakeRecord = Callable[..., Record]
QUESTION = Question("batch_norm")
METHODS = ("baseline", "batch_norm")
RATES = (0.01, 0.1, 1.0)
# Validation errors in percent by epoch, for each rate. On both training sets, the second .5 worse.
PLAIN = {0.01: (60, 40, 30), 0.1: (30, 14, 11.5), 1.0: (90, 90, 90)}
NORMALIZED = {0.01: (40, 20, 17.5), 0.1: (20, 11, 10.5), 1.0: (12, 12, 15)}
# The validation losses: the plain network's lowest is its last at .1, the normalized one's its second there.
PLAIN_LOSSES = {0.01: (2.0, 1.5, 1.0), 0.1: (1.0, 0.7, 0.6), 1.0: (2.3, 2.3, 2.3)}
NORMALIZED_LOSSES = {0.01: (1.5, 1.0, 0.8), 0.1: (0.8, 0.4, 0.5), 1.0: (0.6, 0.7, 0.9)}

# ---- what it asks for ----


def test_the_question_is_asked() -> None:
    assert QUESTION.title == "What does batch normalization do?"
    assert [claim.number for claim in QUESTION.claims] == ["7a", "7b", "7c", "7d", "7e", "7x"]
    assert [claim.number for claim in CLAIMS if claim.ours] == ["7x"]


def test_every_rate_is_tried_on_every_network_with_and_without(edited: Edited) -> None:
    flat = dense(9, activation="sigmoid")
    params = asking.check(edited({"questions.batch_norm.networks.flat": flat}))
    cells = list(QUESTION.cells(params))
    assert [(cell.variant, cell.label) for cell in cells] == [
        (variant, f"{network}/{tried}")
        for network in ("deep", "flat")
        for variant in ("baseline", "plain")
        for tried in ("learning_rate=0.01", "learning_rate=0.1", "shift")
    ]
    assert [cell.shift_every for cell in cells] == [0, 0, 2] * 4
    (plain,) = params.variants["plain"]
    for cell, rate in zip(cells, itertools.cycle((0.01, 0.1, 0.1))):
        ((setting, mix),) = cell.candidates
        assert mix == (plain if cell.variant == "plain" else None)
        network = params.questions.batch_norm.networks[cell.label.partition("/")[0]]
        changed = {"splits": 3, "inits": 1, "epochs": 2, "network": network}
        optimizer = Optimizer(name="sgd", learning_rate=rate)
        assert setting == params.settings["small"].model_copy(update={**changed, "optimizer": optimizer})
        assert cell.curves


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"setting": "blind"}, "setting: expected settings that hold images out, received 'blind'"),
        ({"rates": [0.1, 1.0, 0.1]}, "rates: expected rates that differ, received [0.1, 1.0, 0.1]"),
    ],
)
def test_what_it_cannot_work_with_is_said(edited: Edited, changes: Raw, line: str) -> None:
    with pytest.raises(UserError) as refused:
        asking.check(edited({f"questions.batch_norm.{name}": value for name, value in changes.items()}))
    assert f"params.yaml: questions.batch_norm.{line}" in str(refused.value).splitlines()


def test_it_takes_no_more_training_sets_than_its_setting_has(edited: Edited) -> None:
    params = asking.check(edited({"scale": 4, "settings.small.train_size": 5000}))
    assert params.section("batch_norm").splits == params.settings["small"].splits == 9


@pytest.mark.parametrize(("count", "kept"), [(2, [0, 1]), (3, [0, 1, 2]), (11, [0, 5, 10])])
def test_a_first_look_has_a_few_rates(count: int, kept: list[int]) -> None:
    text = f"splits: 9\nepochs: 1  # as it is\nrates: {list(range(count))}  # some\n"
    section = YAML().load(text)
    Settings.toy(section, {})
    written = io.StringIO()
    YAML().dump(section, written)
    splits, epochs, rates = written.getvalue().splitlines()
    assert (splits, epochs) == (f"splits: {LIMITS['splits']}", "epochs: 1  # as it is")
    assert rates.split("#") == [f"rates: {kept}".ljust(rates.index("#")), " some"]  # where it stood


# ---- what is measured ----

MEASURES = ("shift", "shift_relative", "shift_cosine")


@pytest.fixture
def record(tiny_run: MakeRun) -> MakeRecord:
    """Make the record of a run of three epochs."""

    def make(
        errors: Sequence[float] = (50, 40, 30),
        train: Sequence[float] = (2.0, 1.0, 0.5),
        variant: str = "baseline",
        rate: float = 0.1,
        split: int = 0,
        network: str = "net",
        shift: Mapping[str, np.ndarray] | None = None,
        losses: Sequence[float] | None = None,
    ) -> Record:
        run = tiny_run(
            variant=variant,
            split=split,
            question="batch_norm",
            label=f"{network}/learning_rate={rate:g}" if shift is None else f"{network}/shift",
            optimizer=Optimizer(name="sgd", learning_rate=rate).model_dump(),
            shift_every=0 if shift is None else 2,
            key=f"{network}-{variant}-{rate}-{split}".replace(".", "_"),
        )
        validation = np.array(train) + 0.25 if losses is None else losses
        history = {"loss": train, "train_cross_entropy": train, "validation_error": np.array(errors) / 100}
        history["validation_cross_entropy"] = validation
        final = {
            "validation_error": errors[-1] / 100,
            "validation_cross_entropy": train[-1] + 0.25,
            "train_cross_entropy": train[-1],
        }
        arrays = {name: np.asarray(values, float) for name, values in history.items()} | dict(shift or {})
        return Record(run=run, history=arrays, final=final, processor="")

    return make


def measured(records: Sequence[Record]) -> dict[str, pd.DataFrame]:
    """The tables of a study that has these records, a cell a variant and label."""
    grids: dict[tuple[str, str], list[list[Record]]] = {}
    for record in records:
        grids.setdefault((record.run.variant, record.run.label), []).append([record])

    def own(*variants: str) -> Iterator[Cell]:
        for variant in variants:
            yield from (Cell(Path(), name, grid) for (name, _), grid in grids.items() if name == variant)

    networks = dict.fromkeys(record.run.label.partition("/")[0] for record in records)
    section = SimpleNamespace(variant="batch_norm", networks=networks)

    def images(run: Run) -> SimpleNamespace:
        return SimpleNamespace(train_labels=np.arange(10))

    return measure.measure(cast(Study, SimpleNamespace(images=images, section=section, own=own)))


@pytest.fixture
def tables(record: MakeRecord) -> dict[str, pd.DataFrame]:
    losses = (PLAIN_LOSSES, NORMALIZED_LOSSES)
    records = [
        record(
            [error + split / 2 for error in errors],
            variant=variant,
            rate=rate,
            split=split,
            losses=[loss + split / 8 for loss in by_loss[rate]],
        )
        for variant, by_rate, by_loss in zip(METHODS, (PLAIN, NORMALIZED), losses, strict=True)
        for rate, errors in by_rate.items()
        for split in (0, 1)
    ]
    for variant, relative in zip(METHODS, (0.5, 0.25), strict=True):
        shift = {
            "shift_logits": np.array([3.0, 2.0, 1.0]),
            "shift_relative_logits": np.full(3, relative),
            "shift_cosine_logits": np.full(3, 1 - relative),
        }
        records += [record(variant=variant, rate=9.0, split=split, shift=shift) for split in (0, 1)]
    return measured(records)


def test_the_rows_come_network_by_network_the_baseline_first(record: MakeRecord) -> None:
    places = list(itertools.product(("zeal", "ardour"), METHODS, RATES, (0, 1)))
    records = [record(network=n, variant=v, rate=rate, split=split) for n, v, rate, split in places]
    runs = measured(records)["runs"]
    rows = runs[["network", "variant", "learning_rate", "split"]].itertuples(index=False, name=None)
    assert list(rows) == places
    summary = measured(records)["summary"]
    rows = summary[["network", "variant", "split"]].itertuples(index=False, name=None)
    assert list(rows) == list(dict.fromkeys((n, v, split) for n, v, _, split in places))


@pytest.mark.parametrize(
    ("ends", "diverged"),
    [
        ((0.5, 0.3, 0.1), (False, False, False)),
        ((2.5, 2.31, 2.295), (False, False, False)),  # too small, all of them: not even guessing
        ((2.5, 2.31, 0.1), (False, False, False)),
        ((0.5, 0.3, 40.0), (False, False, True)),
        ((2.5, 0.3, 2.295), (False, False, True)),  # stuck at the shares of the classes
        ((2.5, 0.3, math.nan), (False, False, True)),
        ((math.inf, 0.3, 0.1), (True, False, False)),
    ],
)
def test_what_has_diverged(
    record: MakeRecord, ends: tuple[float, float, float], diverged: tuple[bool, bool, bool]
) -> None:
    """Over three rates; what happened on another training set, or to the other variant, plays no part."""
    records = [record(train=(9.0, 9.0, end), rate=rate) for rate, end in zip(RATES, ends, strict=True)]
    records += [record(rate=rate, split=1) for rate in RATES] + [record(rate=0.001, variant="batch_norm")]
    runs = measured(records)["runs"]
    here = (runs.variant == "baseline") & (runs.split == 0)
    assert runs[here].diverged.tolist() == list(diverged)
    assert not runs[~here].diverged.any()


def test_a_row_a_network_variant_and_training_set(tables: dict[str, pd.DataFrame]) -> None:
    """Worked out by hand from PLAIN and NORMALIZED, and from their losses.

    Guessing errs in 90 %, and the lowest error of all is 10.5 on the first training set, so that a rate
    works up to 50.25: two do without, three with; on the second 11, up to 50.5. The plain network has 11.5
    and 12 in its best epoch, the third at .1: up to 12.75 counts, which it reaches in epoch 3, and the
    normalized one at its best rate, .1, in epoch 2.
    """
    rows = tables["summary"].set_index(["variant", "split"])
    train = (2.0, 1.0, 0.5)
    for split in (0, 1):
        plain, normalized = rows.loc["baseline", split], rows.loc["batch_norm", split]
        assert (plain.usable_rates, normalized.usable_rates) == (2, 3)
        assert (plain.largest_usable, normalized.largest_usable) == (0.1, 1.0)
        assert (plain.largest_place, normalized.largest_place) == (2, 3)
        assert (plain.best_rate, plain.best_epoch) == (0.1, 3)
        assert (normalized.best_rate, normalized.best_epoch) == (0.1, 2)
        assert (plain.epochs_to_plain, normalized.epochs_to_plain) == (3, 2)
        errors = (11.5 + split / 2, 11 + split / 2)
        assert (plain.best_error, normalized.best_error) == pytest.approx(errors)
        gaps = (0.6 + split / 8 - train[2], 0.4 + split / 8 - train[1])
        assert (plain.cross_entropy_gap, normalized.cross_entropy_gap) == pytest.approx(gaps)
        assert plain.diverged_rates == normalized.diverged_rates == 0


@pytest.mark.parametrize(("last", "works"), [(49.9, True), (50.1, False), (95.0, False)])
def test_a_rate_works_nearer_to_the_lowest_error_than_to_guessing(
    record: MakeRecord, last: float, works: bool
) -> None:
    """Guessing errs in 90 %, the lowest is 10 %, and the plain network's own 40 %: halfway are 50 and 65."""
    errors = {("baseline", 0.1): 40.0, ("baseline", 1.0): last, ("batch_norm", 0.1): 10.0}
    records = [record((90, 90, end), variant=variant, rate=rate) for (variant, rate), end in errors.items()]
    rows = measured([*records, record((90, 90, 64), variant="batch_norm", rate=1.0)])["summary"]
    plain, normalized = rows.set_index("variant").loc[["baseline", "batch_norm"]].itertuples()
    assert plain.usable_rates == 1 + works
    assert plain.largest_usable == (1.0 if last <= 65 else 0.1)
    assert (normalized.usable_rates, normalized.largest_usable) == (1, 0.1)


def test_a_network_that_is_worse_than_guessing_works_at_its_own_best_rate(record: MakeRecord) -> None:
    records = [record((99, 99, end), rate=rate) for rate, end in ((0.1, 95.0), (1.0, 96.0))]
    assert measured(records)["summary"].largest_usable.tolist() == [0.1]


def test_a_rate_at_which_one_run_diverges_is_never_the_best(record: MakeRecord) -> None:
    """Whatever the loss of the other training set there."""
    losses = {(0.1, 0): (1.0, 0.9, 0.8), (0.1, 1): (1.0, 0.9, 0.8)}
    losses |= {(1.0, 0): (0.2, 0.1, 0.1), (1.0, 1): (0.95, math.nan, math.inf)}
    records = [record(rate=rate, split=split, losses=values) for (rate, split), values in losses.items()]
    summary = measured(records)["summary"]
    assert summary.best_rate.tolist() == [1.0, 1.0]  # until it diverges: .575 in its first epoch
    assert summary.best_epoch.tolist() == [1, 1]
    losses[1.0, 1] = (math.nan, math.nan, math.nan)
    records = [record(rate=rate, split=split, losses=values) for (rate, split), values in losses.items()]
    summary = measured(records)["summary"]
    assert summary.best_rate.tolist() == [0.1, 0.1]
    assert summary.best_epoch.tolist() == [3, 3]


def test_an_error_that_is_never_reached_takes_longer_than_all_epochs(record: MakeRecord) -> None:
    rows = measured([record((50, 40, 30)), record((60, 50, 40), variant="batch_norm")])["summary"]
    assert rows.set_index("variant").epochs_to_plain.to_dict() == {"baseline": 3, "batch_norm": 4}


def test_a_plain_network_that_guesses_to_the_end_is_not_there_at_once(record: MakeRecord) -> None:
    """On the second training set; on average the plain network comes down to 60 %."""
    errors = {("baseline", 0): (90, 50, 30), ("baseline", 1): (90, 90, 90)}
    errors |= {("batch_norm", split): (50, 40, 30) for split in (0, 1)}
    records = [record(there, variant=variant, split=split) for (variant, split), there in errors.items()]
    rows = measured(records)["summary"].set_index(["variant", "split"]).epochs_to_plain
    assert rows["baseline"].tolist() == [2, 4]
    assert rows["batch_norm"].tolist() == [1, 1]


def test_the_shift_has_a_row_a_layer_and_epoch(tables: dict[str, pd.DataFrame]) -> None:
    shift = tables["shift"]
    assert len(shift) == 2 * 2 * 3  # variants, training sets, epochs; the runs of the rates have none
    rows = shift[(shift.variant == "batch_norm") & (shift.split == 1)]
    assert rows.layer.tolist() == ["logits"] * 3
    assert rows.epoch.tolist() == [1, 2, 3]
    assert rows["shift"].tolist() == [3.0, 2.0, 1.0]
    assert rows.shift_relative.tolist() == [0.25] * 3
    assert rows.shift_cosine.tolist() == [0.75] * 3
    assert len(tables["runs"]) == 2 * 2 * len(RATES)


def test_the_chain_has_shift_and_gap_of_the_same_runs(tables: dict[str, pd.DataFrame]) -> None:
    chain = tables["chain"].set_index(["variant", "split"])
    assert len(chain) == 2 * 2
    assert chain.loc[("baseline", 1)].decades == pytest.approx(math.log10(0.5))
    assert chain.loc[("batch_norm", 0)].decades == pytest.approx(math.log10(0.25))
    assert chain.cross_entropy_gap.tolist() == [0.25] * 4
    assert chain.validation_error.tolist() == pytest.approx([30.0] * 4)


def test_an_epoch_in_which_nothing_moves_or_all_blew_up_has_no_decade(record: MakeRecord) -> None:
    shift = {f"{name}_logits": np.array([100.0, 0.0, math.inf]) for name in MEASURES}
    chain = measured([record(), record(rate=9.0, shift=shift)])["chain"]
    assert chain.decades.tolist() == [2.0]


def test_the_metrics_are_means_over_the_training_sets(tables: dict[str, pd.DataFrame]) -> None:
    numbers = measure.metrics(tables)["net"]
    assert list(numbers) == list(METHODS)
    assert numbers["baseline"]["best_error"] == 11.75
    assert numbers["batch_norm"]["usable_rates"] == 3.0
    assert numbers["batch_norm"]["shift_relative"] == 0.25
