"""When training would have stopped, worked out by hand."""

import pytest

from pipeline.science.stopping import Stop, best_epoch, epochs_to, stop

HISTORY = [5.0, 3.0, 4.0, 2.0, 2.0, 3.0, 1.0, 6.0]


@pytest.mark.parametrize(
    ("patience", "expected"),
    [
        (1, Stop(3, 2)),  # 4 is the first without a better value
        (2, Stop(6, 4)),  # 2 again is no better
        (3, Stop(8, 7)),  # 1 comes in time
        (9, Stop(8, 7)),
    ],
)
def test_keras_rule(patience: int, expected: Stop) -> None:
    assert stop(HISTORY, patience) == expected


def test_the_best_epoch_and_the_way_to_a_target() -> None:
    assert best_epoch(HISTORY) == 7
    assert best_epoch([2.0, 1.0, 1.0]) == 2
    assert epochs_to(HISTORY, 3.0) == (2, True)
    assert epochs_to(HISTORY, 0.5) == (9, False)


def test_impossible_histories_are_refused() -> None:
    with pytest.raises(ValueError, match="patience: expected at least 1, received 0"):
        stop(HISTORY, 0)
    with pytest.raises(ValueError, match="values: expected finite values"):
        stop([1.0, float("nan")], 1)
