"""Damage to images, by hand: noise within [0, 1], a blur that keeps the light, shifts by whole pixels."""

import numpy as np
import pytest

from pipeline.science import damage

IMAGE = np.arange(1, 7, dtype=np.float32).reshape(1, 2, 3)


@pytest.mark.parametrize(
    ("down", "right", "expected"),
    [
        (0, 0, [[1, 2, 3], [4, 5, 6]]),
        (1, 0, [[0, 0, 0], [1, 2, 3]]),
        (-1, 0, [[4, 5, 6], [0, 0, 0]]),
        (0, 1, [[0, 1, 2], [0, 4, 5]]),
        (0, -2, [[3, 0, 0], [6, 0, 0]]),
        (2, 0, [[0, 0, 0], [0, 0, 0]]),
    ],
)
def test_a_shift_moves_whole_pixels(down: int, right: int, expected: list[list[int]]) -> None:
    assert damage.shifted(IMAGE, down, right)[0].tolist() == expected


def test_colours_move_together() -> None:
    coloured = np.stack([IMAGE, 10 * IMAGE], axis=-1)
    moved = damage.shifted(coloured, 0, 1)
    assert (moved[..., 1] == 10 * moved[..., 0]).all()
    assert moved[0, :, :, 0].tolist() == [[0, 1, 2], [0, 4, 5]]


def test_a_blur_is_a_gaussian_on_each_image_alone() -> None:
    images = np.zeros((2, 21, 21), np.float32)
    images[0, 10, 10] = 1.0
    blurred = damage.blurred(images, 1.5)
    assert blurred[0].sum() == pytest.approx(1.0, abs=1e-4)
    assert blurred[1].max() == 0.0
    assert blurred[0, 10, 12] / blurred[0, 10, 10] == pytest.approx(np.exp(-4 / (2 * 1.5**2)), rel=1e-4)
    coloured = damage.blurred(np.stack([images, 0 * images], axis=-1), 1.5)
    assert (coloured[..., 0] == blurred).all()
    assert coloured[..., 1].max() == 0.0


def test_noise_has_its_deviation_and_is_cut_off() -> None:
    grey = np.full((10, 100, 10), 0.5, np.float32)
    noisy = damage.noisy(grey, 0.1, np.random.default_rng(1))
    assert (noisy - grey).std() == pytest.approx(0.1, rel=0.03)
    loud = damage.noisy(grey, 5.0, np.random.default_rng(1))
    assert (loud.min(), loud.max()) == (0.0, 1.0)
    assert grey.min() == grey.max() == 0.5


@pytest.mark.parametrize("deviation", [0.0, -1.0])
def test_no_damage_is_refused(deviation: float) -> None:
    with pytest.raises(ValueError, match="deviation: expected a value above 0"):
        damage.noisy(IMAGE, deviation, np.random.default_rng(0))
    with pytest.raises(ValueError, match="deviation: expected a value above 0"):
        damage.blurred(IMAGE, deviation)
