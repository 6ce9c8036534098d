"""A figure as SVG: the same bytes, letters that can be read, marks that say what they are."""

import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
from matplotlib.figure import Figure

from pipeline.drawing import style, svg

SPACE = "{http://www.w3.org/2000/svg}"


def figure() -> Figure:
    drawn = Figure(figsize=(4, 3), layout="constrained")
    axis = drawn.subplots()
    svg.points(axis, [(0.0001, 2.0, 'l2 & "more": 2'), (0.0003, 3.0, "l2: 3")], marker="o", color="#0067a8")
    axis.set_xticks([0.0001, 0.0003], ["0.0001", "0.0003"])
    style.message(drawn, "It says something")
    return drawn


def drawn() -> str:
    with mpl.rc_context():
        style.use()
        return svg.drawn(figure())


def test_the_same_figure_gives_the_same_bytes() -> None:
    first = drawn()
    assert first == drawn()
    assert "<metadata" not in first
    assert "<style" not in first  # which would hold for the whole page


def test_marks_say_what_they_are() -> None:
    titles = [title.text for title in ET.fromstring(drawn()).iter(f"{SPACE}title")]
    assert titles == ["l2 & 'more': 2", "l2: 3"]


def test_letters_stay_letters_and_keep_their_numbers() -> None:
    root = ET.fromstring(drawn())
    texts = [text.text for text in root.iter(f"{SPACE}text")]
    assert {"0.0001", "0.0003", "It says something"} <= set(texts)
    assert root.attrib["data-message"] == "It says something"
    sizes = [
        float(text.attrib["style"].split("font-size: ")[1].split("px")[0])
        for text in root.iter(f"{SPACE}text")
    ]
    assert min(sizes) >= style.SMALL


def test_lengths_have_two_decimals() -> None:
    text = drawn()
    lengths = re.findall(r"\d+\.(\d+)", " ".join(re.findall(r' (?:d|x|y|viewBox)="([^"]+)"', text)))
    assert lengths != []
    assert max(map(len, lengths)) == 2


def test_ids_are_those_that_are_addressed() -> None:
    text = drawn()
    ids = [element.attrib["id"] for element in ET.fromstring(text).iter() if "id" in element.attrib]
    assert ids != []
    assert len(set(ids)) == len(ids)
    assert all(f"#{name}" in text for name in ids)
