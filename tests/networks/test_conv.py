"""The convolutional network: what does not fit an image, and what is pooled."""

from typing import Any

import pytest

from pipeline.networks.conv import Conv


def conv(**changes: Any) -> Conv:
    fields: dict[str, Any] = {"filters": [8, 16], "kernel": 3, "dense": 64, "activation": "relu"}
    return Conv(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "shape", "faults"),
    [
        ({}, (28, 28), []),
        ({"kernel": 28, "filters": [1, 1, 1, 1]}, (28, 28), []),
        ({}, (4, 9, 3), []),
        ({"kernel": 29}, (28, 40), ["kernel: expected at most 28, the side of the images, received 29"]),
        (
            {"filters": [1] * 5},
            (28, 28),
            ["filters: expected at most 4 convolutions, which halve images of side 28 each, received 5"],
        ),
        ({"kernel": 2}, (1, 1), ["kernel: expected at most 1, the side of the images, received 2"]),
    ],
)
def test_what_is_too_large_for_the_images(
    changes: dict[str, Any], shape: tuple[int, ...], faults: list[str]
) -> None:
    said = list(conv(**changes).faults(shape))
    assert said[: len(faults)] == faults
    assert bool(said) == bool(faults)


def test_its_depth_and_width() -> None:
    assert (conv().depth, conv().width) == (3, 64)
    assert conv().described == "convolutions of 8-16 filters (3 x 3) and 64 units (relu)"
