"""Scores under labels made wrong: the closed forms against every way to make one wrong."""

import itertools

import numpy as np
import pytest

from pipeline.science.label_noise import expected_scores

LOGS = np.log([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.5, 0.3]])
LABELS = np.array([0, 1, 2])  # the last is classified wrong


def drawn(share: float) -> tuple[float, float]:
    """Error and cross-entropy, averaged over every label that each image may get, by its probability."""
    error = cross_entropy = 0.0
    for logs, right in zip(LOGS, LABELS, strict=True):
        for label in range(3):
            probability = 1 - share if label == right else share / 2
            error += probability * float(logs.argmax() != label) / 3
            cross_entropy -= probability * logs[label] / 3
    return error, cross_entropy


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_the_expectation_is_that_over_all_labels(share: float) -> None:
    assert expected_scores(LOGS, LABELS, share) == pytest.approx(drawn(share))


def test_a_network_that_is_always_right_errs_as_often_as_labels_are_wrong() -> None:
    sure = np.log(np.full((4, 10), 0.01) + 0.9 * np.eye(10)[:4])
    error, _ = expected_scores(sure, np.arange(4), 0.25)
    assert error == pytest.approx(0.25)


def test_a_miss_is_right_by_chance_where_its_label_is_wrong() -> None:
    """Of two classes a wrong label is the other one, so that every miss becomes a hit."""
    logs = np.log([[0.9, 0.1], [0.9, 0.1]])
    assert expected_scores(logs, [1, 1], 1.0) == pytest.approx((0.0, -np.log(0.9)))


@pytest.mark.parametrize(
    ("labels", "share", "message"),
    [
        ([0, 1], 0.1, "labels: expected shape"),
        ([0, 1, 3], 0.1, "labels: expected classes below 3"),
        (LABELS, 1.1, "share: expected 0 to 1, received 1.1"),
    ],
)
def test_what_is_malformed_is_refused(labels: list[int], share: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expected_scores(LOGS, labels, share)
    with pytest.raises(ValueError, match="at least two classes"):
        expected_scores(np.zeros((3, 1)), [0, 0, 0], 0.1)


def test_wrong_labels_of_the_data_sets_are_such() -> None:
    """`datasets.splits` gives a wrong label any of the others with equal probability."""
    from pipeline.datasets.splits import flip_labels

    flipped = flip_labels(np.zeros(3000, np.int64), 1.0, 4, np.random.default_rng(0))
    counts = np.bincount(flipped, minlength=4)
    assert counts[0] == 0
    for first, second in itertools.pairwise(counts[1:]):
        assert abs(int(first) - int(second)) < 160  # 3.5 standard errors of a difference
