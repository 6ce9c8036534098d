"""Learning rates on hand-made records: what diverged, what is usable, how high, how fast."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.params import Optimizer
from pipeline.plan import Run
from pipeline.questions.batch_norm import measure as learning_rates
from pipeline.records import Record

MakeRun = Callable[..., Run]
RATES = (0.01, 0.1, 1.0)
# Validation errors in percent by epoch, for each rate. On both training sets, the second .5 worse.
PLAIN = {0.01: (60, 40, 30), 0.1: (30, 14, 11.5), 1.0: (90, 90, 90)}
NORMALIZED = {0.01: (40, 20, 12.25), 0.1: (20, 11, 10.5), 1.0: (12, 12, 11)}


class FakeStudy:
    """As much of a Study as the question looks at: one network, a cell a variant and rate."""

    classes = 10
    section = SimpleNamespace(variant="batch_norm", networks={"net": None})

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = list(records)

    def own(self, *variants: str) -> Iterator[SimpleNamespace]:
        for variant in variants:
            records = [record for record in self._records if record.run.variant == variant]
            yield SimpleNamespace(label="net/any", records=records)


@pytest.fixture
def made(tiny_run: MakeRun) -> Callable[..., Record]:
    """Make the record of a run of three epochs."""

    def make(
        errors: Sequence[float] = (50, 40, 30),
        train: Sequence[float] = (2.0, 1.0, 0.5),
        variant: str = "baseline",
        rate: float = 0.1,
        split: int = 0,
        more: Mapping[str, np.ndarray] | None = None,
    ) -> Record:
        run = tiny_run(
            variant=variant,
            split=split,
            question="batch_norm",
            label=f"net/learning_rate={rate:g}" if more is None else "net/shift",
            optimizer=Optimizer(name="sgd", learning_rate=rate).model_dump(),
            shift_every=0 if more is None else 2,
            key=f"{variant}-{rate}-{split}".replace(".", "_"),
        )
        history = {"loss": train, "train_cross_entropy": train, "validation_error": np.array(errors) / 100}
        final = {
            "validation_error": errors[-1] / 100,
            "validation_cross_entropy": train[-1] + 0.25,
            "train_cross_entropy": train[-1],
        }
        arrays = {name: np.asarray(values, float) for name, values in history.items()} | dict(more or {})
        return Record(run=run, history=arrays, final=final, processor="")

    return make


@pytest.fixture
def tables(made: Callable[..., Record]) -> dict[str, Any]:
    records = [
        made([error + split / 2 for error in errors], variant=variant, rate=rate, split=split)
        for variant, by_rate in (("baseline", PLAIN), ("batch_norm", NORMALIZED))
        for rate, errors in by_rate.items()
        for split in (0, 1)
    ]
    for variant, relative in (("baseline", 0.5), ("batch_norm", 0.25)):
        measured = {
            "shift_logits": np.array([3.0, 2.0, 1.0]),
            "shift_relative_logits": np.full(3, relative),
            "shift_cosine_logits": np.full(3, 1 - relative),
        }
        records += [made(variant=variant, rate=9.0, split=split, more=measured) for split in (0, 1)]
    return learning_rates.measure(FakeStudy(records))  # type: ignore[arg-type]


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
    made: Callable[..., Record], ends: tuple[float, float, float], diverged: tuple[bool, bool, bool]
) -> None:
    """Over three rates; what happened on another training set, or to the other variant, plays no part."""
    records = [made(train=(9.0, 9.0, end), rate=rate) for rate, end in zip(RATES, ends, strict=True)]
    records += [made(rate=rate, split=1) for rate in RATES] + [made(rate=0.001, variant="batch_norm")]
    runs = learning_rates.measure(FakeStudy(records))["runs"]  # type: ignore[arg-type]
    assert runs.diverged.tolist() == [*diverged, False, False, False, False]


def test_a_row_a_network_variant_and_training_set(tables: dict[str, Any]) -> None:
    """Worked out by hand from PLAIN and NORMALIZED.

    The lowest of all is 10.5, so that up to 11.5 is usable: one rate without, two with. Within a point of
    the own best are .1 without, .1 and 1 with. The plain network ends with 11.5 at its best rate, .1: up to
    12.5 counts, which it reaches in epoch 3, and the normalized one, at its best rate .1, in epoch 2.
    """
    rows = tables["summary"].set_index(["variant", "split"])
    for split in (0, 1):
        plain, normalized = rows.loc["baseline", split], rows.loc["batch_norm", split]
        assert (plain.usable_share, normalized.usable_share) == pytest.approx((1 / 3, 2 / 3))
        assert (plain.largest_usable, normalized.largest_usable) == (-1.0, 0.0)
        assert (plain.best_rate, normalized.best_rate) == (0.1, 0.1)
        assert (plain.epochs_to_plain, normalized.epochs_to_plain) == (3, 2)
        assert (plain.best_error, normalized.best_error) == pytest.approx(
            (11.5 + split / 2, 10.5 + split / 2)
        )
        assert plain.cross_entropy_gap == normalized.cross_entropy_gap == 0.25
        assert plain.diverged_share == normalized.diverged_share == 0.0


def test_an_error_that_is_never_reached_takes_longer_than_all_epochs(made: Callable[..., Record]) -> None:
    records = [made((50, 40, 30)), made((60, 50, 40), variant="batch_norm")]
    rows = learning_rates.measure(FakeStudy(records))["summary"]  # type: ignore[arg-type]
    assert rows.set_index("variant").epochs_to_plain.to_dict() == {"baseline": 3, "batch_norm": 4}


def test_the_shift_has_a_row_a_layer_and_epoch(tables: dict[str, Any]) -> None:
    shift = tables["shift"]
    assert len(shift) == 2 * 2 * 3  # variants, training sets, epochs; the runs of the rates have none
    own = shift[(shift.variant == "batch_norm") & (shift.split == 1)]
    assert own.layer.tolist() == ["logits"] * 3
    assert own.epoch.tolist() == [1, 2, 3]
    assert own["shift"].tolist() == [3.0, 2.0, 1.0]
    assert own.shift_relative.tolist() == [0.25] * 3
    assert own.shift_cosine.tolist() == [0.75] * 3
    assert len(tables["runs"]) == 2 * 2 * len(RATES)


def test_the_metrics_are_means_over_the_training_sets(tables: dict[str, Any]) -> None:
    found = learning_rates.metrics(tables)["net"]
    assert list(found) == ["baseline", "batch_norm"]
    assert found["baseline"]["best_error"] == 11.75
    assert found["batch_norm"]["usable_share"] == round(2 / 3, 5)
    assert found["batch_norm"]["shift_relative"] == 0.25
