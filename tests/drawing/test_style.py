"""The look of all figures: colours that can be read on light and dark pages, and names beside lines."""

import itertools

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from pipeline.drawing import style

READABLE = 4.5  # the contrast of letters, as accessibility guidelines ask it


def luminance(colour: str) -> float:
    """The relative luminance of a colour, as the guidelines define it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


LETTERS = [*style.COLOURS.values(), *style.VARIANTS.values(), style.OTHER, style.INK, style.SOFT]


@pytest.mark.parametrize("colour", sorted(set(LETTERS)))
def test_letters_can_be_read_on_light_and_dark_pages(colour: str) -> None:
    assert contrast(colour, style.PAPER) >= READABLE
    assert contrast(style.DARK[colour], style.DARK[style.PAPER]) >= READABLE


@pytest.mark.parametrize("area", [style.BIAS, style.VARIANCE])
def test_letters_can_be_read_on_the_areas(area: str) -> None:
    assert contrast(style.INK, area) >= READABLE
    assert contrast(style.DARK[style.INK], style.DARK[area]) >= READABLE


def test_a_variant_has_a_marker_of_its_own() -> None:
    markers = [style.marker_of(name) for name in (*style.VARIANTS, "another")]
    assert len(set(markers)) == len(markers)


def test_names_at_the_ends_of_lines_stand_in_their_order_and_apart() -> None:
    with mpl.rc_context():
        style.use()
        axis = Figure(figsize=(4, 3), layout="constrained").subplots()
        heights = {"low": 0.0, "mid": 1.0, "near": 1.001, "high": 10.0}
        for name, height in heights.items():
            axis.plot([0, 1], [0, height], label=name)
        style.direct(axis, [(1.0, height, name, style.INK) for name, height in heights.items()])
        assert isinstance(axis.figure, Figure)
        axis.figure.draw_without_rendering()
        boxes = [(note.get_text(), note.get_window_extent()) for note in axis.texts]
    ordered = sorted(boxes, key=lambda item: item[1].y0)
    assert [name for name, _ in ordered] == list(heights)
    for (_, below), (_, above) in itertools.pairwise(ordered):
        assert below.y1 <= above.y0 + 1


def test_a_message_is_broken_into_lines_that_fit() -> None:
    figure = Figure(figsize=(2, 2))
    style.message(figure, "as long as it takes to say what is to be seen here")
    assert max(len(line) for line in figure.get_suptitle().splitlines()) <= 23
