"""Every setting's training sets, wrong labels and validation images, against sets of indices."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.datasets import draws
from pipeline.datasets.prepared import Split
from tests import asking
from tests.asking import BUDGET, asked, dense, variants

IMAGES, HELD, CLASSES = 300, 100, 7
LABELS = np.random.default_rng(0).permutation(np.arange(IMAGES) % CLASSES).astype(np.uint8)
Raw = dict[str, Any]


def setting(**changes: Any) -> Raw:
    """60 of the 300 images in three training sets, and 40 of the 100 held out to validate on."""
    given_setting: Raw = {
        "data": "datasets/made.npz",
        "train_size": 20,
        "validation_size": 40,
        "network": dense(4, 4),
        "optimizer": {"name": "sgd", "learning_rate": 0.1},
        "epochs": 1,
        "batch_size": 5,
        "label_noise": 0.0,
        "splits": 3,
        "inits": 1,
        "seed": 1,
        "variants": ["drop"],
        "overrides": {},
    }
    return given_setting | changes


def drawn(data_seed: int = 0, held: int = HELD, tuning: int = 1, **named: Raw) -> dict[str, Split]:
    """The draws of the named settings, with so many training sets for the tuning."""
    raw = {
        "scale": 1,
        "data": {"validation": held, "seed": data_seed},
        "tuning": {"splits": tuning, "baseline": {"epochs": [1] * BUDGET, "learning_rate": [0.1] * BUDGET}},
        "settings": {**named, "probed": setting(train_size=5, validation_size=1, variants="all")},
        "variants": {"drop": {"dropout": {"rate": 0.5}}, **variants()},
        "questions": asked("probed"),
    }
    return draws.draw(asking.check(raw), "datasets/made.npz", LABELS, 28)


def held_out(data_seed: int = 0) -> list[int]:
    """The held-out images in their order: a setting that takes them all shows them."""
    found: list[int] = drawn(data_seed, probe=setting(validation_size=HELD))["probe"].validation.tolist()
    return found


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and np.array_equal(one, other)


@settings(max_examples=30)
@given(
    splits=st.integers(3, 7),
    size=st.integers(5, 25),
    validation=st.integers(1, HELD),
    seed=st.integers(0, 2**32),
    data_seed=st.integers(0, 2**32),
)
def test_a_setting_that_validates_trains_on_nothing_held_out(
    splits: int, size: int, validation: int, seed: int, data_seed: int
) -> None:
    own = setting(splits=splits, train_size=size, validation_size=validation, seed=seed)
    split = drawn(data_seed, small=own)["small"]
    held = held_out(data_seed)
    assert split.train.shape == split.labels.shape == (splits + 1, size)
    trained_on = split.train.ravel().tolist()
    assert len(set(trained_on)) == (splits + 1) * size  # disjoint, and each image once
    assert set(trained_on) <= set(range(IMAGES)) - set(held)
    assert split.validation.tolist() == held[:validation]


def test_what_is_not_held_out_can_be_trained_on_to_the_last_image() -> None:
    split = drawn(small=setting(splits=3, train_size=50))["small"]
    assert sorted(split.train.ravel().tolist()) == sorted(set(range(IMAGES)) - set(held_out()))


def test_a_setting_that_does_not_validate_draws_from_all() -> None:
    split = drawn(blind=setting(validation_size=0, splits=3, train_size=100))["blind"]
    assert sorted(split.train.ravel().tolist()) == list(range(IMAGES))
    assert split.validation.shape == (0,)


@pytest.mark.parametrize(("splits", "tuning"), [(3, 3), (5, 1), (5, 3)])
def test_more_training_sets_leave_those_that_there_were(splits: int, tuning: int) -> None:
    """Those reported stand first and those of the tuning last, counted from the end."""
    few = drawn(tuning=1, noisy=setting(label_noise=0.5, splits=3, train_size=10))["noisy"]
    many = drawn(tuning=tuning, noisy=setting(label_noise=0.5, splits=splits, train_size=10))["noisy"]
    assert (len(few.train), len(many.train)) == (3 + 1, splits + tuning)
    for place in (0, 1, 2, -1):
        assert same(few.train[place], many.train[place])
        assert same(few.labels[place], many.labels[place])


def test_held_out_images_are_all_different_and_another_seed_holds_out_others() -> None:
    assert len(set(held_out(0))) == HELD
    assert set(held_out(0)) <= set(range(IMAGES))
    assert set(held_out(0)) != set(held_out(1))


@given(validation=st.integers(1, HELD - 1))
@settings(max_examples=15)
def test_validation_images_are_the_first_of_those_held_out(validation: int) -> None:
    found = drawn(few=setting(validation_size=validation, seed=5), all=setting(validation_size=HELD, seed=6))
    assert found["few"].validation.tolist() == found["all"].validation.tolist()[:validation]


@settings(max_examples=30)
@given(noise=st.floats(0, 0.99), size=st.integers(5, 30), seed=st.integers(0, 2**32))
def test_the_share_of_wrong_labels_is_exact_in_every_training_set(noise: float, size: int, seed: int) -> None:
    split = drawn(noisy=setting(label_noise=noise, train_size=size, seed=seed))["noisy"]
    assert split.labels.dtype == LABELS.dtype
    for indices, labels in zip(split.train.tolist(), split.labels.tolist(), strict=True):
        wrong = sum(label != LABELS[index] for index, label in zip(indices, labels, strict=True))
        assert wrong == round(noise * size)  # one that kept its class would not count
        assert all(0 <= label < CLASSES for label in labels)


def test_wrong_labels_fall_elsewhere_in_every_training_set() -> None:
    split = drawn(noisy=setting(label_noise=0.5))["noisy"]
    places = {tuple((split.labels[d] != LABELS[split.train[d]]).tolist()) for d in range(3)}
    assert len(places) == 3


def test_without_noise_the_labels_are_the_true_ones() -> None:
    split = drawn(small=setting())["small"]
    for d, n in itertools.product(range(3), range(20)):
        assert split.labels[d, n] == LABELS[split.train[d, n]]


def test_settings_of_equal_seed_and_sizes_share_their_draws() -> None:
    found = drawn(
        small=setting(),
        noisy=setting(label_noise=0.3),
        wide=setting(label_noise=0.3, network=dense(64), epochs=9, batch_size=7, inits=4, variants=["drop"]),
    )
    assert same(found["small"].train, found["noisy"].train)
    assert same(found["small"].validation, found["noisy"].validation)
    assert not np.array_equal(found["small"].labels, found["noisy"].labels)
    for field in ("train", "labels", "validation"):  # the wrong labels too
        assert same(getattr(found["noisy"], field), getattr(found["wide"], field))


def test_another_seed_draws_other_training_sets_and_wrong_labels() -> None:
    found = drawn(one=setting(label_noise=0.5), other=setting(label_noise=0.5, seed=2))
    assert not np.array_equal(found["one"].train, found["other"].train)
    places = [split.labels != LABELS[split.train] for split in (found["one"], found["other"])]
    assert not np.array_equal(*places)
    assert same(found["one"].validation, found["other"].validation)  # of `data.seed` alone


def test_a_setting_is_drawn_alike_whatever_stands_beside_it() -> None:
    small = setting(label_noise=0.2)
    alone = drawn(small=small)["small"]
    beside = drawn(first=setting(seed=9, validation_size=0), small=small, last=setting(splits=7))["small"]
    for field in ("train", "labels", "validation"):
        assert same(getattr(alone, field), getattr(beside, field))


@pytest.mark.parametrize(("data_seed", "held"), [(3, HELD), (0, 60)])
def test_what_is_held_out_is_nothing_to_a_setting_that_does_not_validate(data_seed: int, held: int) -> None:
    blind, small = setting(validation_size=0), setting()
    before = drawn(blind=blind, small=small)
    after = drawn(data_seed, held, blind=blind, small=small)
    assert same(before["blind"].train, after["blind"].train)
    assert same(before["blind"].labels, after["blind"].labels)
    assert not np.array_equal(before["small"].train, after["small"].train)


def test_more_held_out_than_there_is_is_refused() -> None:
    with pytest.raises(ValueError, match="held: expected 0 to 300 of 300 indices, received 301"):
        drawn(held=301, small=setting())
