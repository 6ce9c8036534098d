"""A figure as SVG for a page: stable bytes, letters that stay letters, and marks that say what they are."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

TITLE = "title:"  # begins the id of a mark that says something when it is pointed at
# The two fonts are equally wide, and the figure is laid out with the first.
ROOT = 'font-family="DejaVu Sans, Verdana, sans-serif" stroke-linejoin="round"'
UNDATED = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def titled(artist: Artist, text: str) -> None:
    """Let a mark show a text when it is pointed at."""
    artist.set_gid(TITLE + text.replace('"', "'"))


def points(axis: Axes, marks: Iterable[tuple[float, float, str]], **look: object) -> None:
    """Draw marks x, y and what each says when it is pointed at."""
    for x, y, text in marks:
        (mark,) = axis.plot([x], [y], linestyle="none", **look)  # type: ignore[arg-type]
        titled(mark, text)


def drawn(figure: Figure) -> str:
    """Return a figure as an SVG element whose letters, titles and message a browser can read."""
    written = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "figure", "svg.fonttype": "none"}):
        figure.savefig(written, format="svg", metadata=UNDATED, transparent=True)
    text = written.getvalue()
    root = f"<svg {ROOT} data-message={quoteattr(' '.join(figure.get_suptitle().split()))} "
    text = text[text.index("<svg") :].replace("<svg ", root, 1)
    text = re.sub(r"<(metadata|style).*?</\1>\s*|font-family: [^;]+; ", "", text, flags=re.S)
    text = re.sub(rf'<g id="{TITLE}([^"]*)">', r"<g><title>\1</title>", text)
    addressed = set(re.findall(r'(?:href="#|url\(#)(\w+)', text))
    text = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in addressed else "", text)
    text = re.sub(r"<[^>]+>", lambda tag: re.sub(r"\d+\.\d{3,}", _short, tag[0]), text)
    return re.sub(r"\s*\n(?! *<)", " ", text)


def _short(found: re.Match[str]) -> str:
    """Return a length in hundredths of a point: the others take up half of the file."""
    return f"{float(found[0]):.2f}"
