"""The report as one file for a browser, which needs nothing else."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from pipeline.drawing.style import DARK
from pipeline.system.markdown import anchor

TEMPLATES = Path(__file__).parent / "templates"
# The HTML that the page itself writes. Any other HTML is shown as text.
ALLOWED = re.compile(r"</?details>|<summary>[^<]*</summary>")
SCROLLING = '<div class="scroll" tabindex="0" role="group" aria-label="{}">'
CONTENTS = "Contents: "  # begins the paragraph of links that is always in reach
INTERVAL = re.compile(r" (\[[^\]]*\d\])")
# What a cell begins or ends with, and how it is coloured.
KINDS = {"▼": "better", "✔": "better", "▲": "worse", "✘": "worse", "≈": "tie", "◐": "tie", "?": "tie"}
NARROW = 400  # pixels: a wider figure may have to scroll
PX = 4 / 3  # pixels a point


def page(markdown: str, folder: Path) -> str:
    """Return the page for a browser, with its style and its figures, which are read from below `folder`.

    An image `x.png` becomes the SVG beside it. A link to another file becomes the file's path, because the
    page may be read where that file is not.
    """
    parser = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable("table")
    tokens = parser.parse(markdown)
    _headings(tokens)
    contents = _contents(tokens)
    _figures(tokens, folder)
    _cells(tokens)
    _links(tokens, folder.name)
    body = parser.renderer.render(tokens, parser.options, {})
    title = next(_plain(tokens[i + 1]) for i, token in enumerate(tokens) if token.type == "heading_open")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, autoescape=True
    )
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    colours = {_variable(light): (light, dark) for light, dark in DARK.items()}
    template = environment.get_template("report.html.j2")
    return template.render(title=title, style=style, colours=colours, contents=contents, body=body) + "\n"


def _headings(tokens: Sequence[Token]) -> None:
    """Give every heading the anchor that a code-hosting page gives it."""
    for opened, inline in itertools.pairwise(tokens):
        if opened.type == "heading_open":
            opened.attrs["id"] = anchor(_plain(inline))


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())


def _contents(tokens: list[Token]) -> list[tuple[str, str]]:
    """Take the paragraph of links out of the page, and return their targets and labels."""
    for at, token in enumerate(tokens):
        if token.type == "inline" and token.content.startswith(CONTENTS):
            children = token.children or []
            del tokens[at - 1 : at + 2]
            links = [pair for pair in itertools.pairwise(children) if pair[0].type == "link_open"]
            return [(str(opened.attrs["href"]), text.content) for opened, text in links]
    return []


def _figures(tokens: Sequence[Token], folder: Path) -> None:
    """Put the figures into the page, and mark paragraphs that hold nothing else: they may scroll."""
    numbers = itertools.count(1)
    for opened, inline in itertools.pairwise(tokens):
        images = [child for child in inline.children or () if child.type == "image"]
        for image in images:
            path = PurePosixPath(str(image.attrs["src"])).with_suffix(".svg")
            svg = (folder / path).read_text(encoding="utf-8")
            image.meta["svg"] = _inlined(svg, f"f{next(numbers)}")
        kinds = {child.type for child in inline.children or ()}
        if opened.type == "paragraph_open" and images and kinds <= {"image", "softbreak"}:
            opened.attrs["class"] = "figure"
            if any(_width(image.meta["svg"]) > NARROW for image in images):
                opened.attrs |= {"tabindex": "0", "role": "group", "aria-label": images[0].content}


def _inlined(svg: str, prefix: str) -> str:
    """Return a figure whose ids are its own in the page, and whose colours follow the page."""
    root, _, marks = svg.partition(">")
    root = re.sub(r' (xmlns(:\w+)?|version|height)="[^"]*"', "", root)
    svg = f"{root}>{marks}".replace("xlink:href", "href")
    # A seventh of the file: turns by no angle, white space between marks, and groups of a single mark.
    svg = re.sub(r' transform="rotate\(-0 [^"]*\)"', "", svg)
    svg = re.sub(r"(?<=>)\s+(?=<)", "", svg)
    svg = re.sub(r"<g>(<(?:path|use)[^<>]*/>|<text[^<>]*>[^<]*</text>)</g>", r"\1", svg)
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\1{prefix}-", svg)
    return re.sub("|".join(DARK), lambda found: f"var({_variable(found[0])})", svg)


def _width(svg: str) -> int:
    """Return how wide a figure was drawn, in pixels."""
    found = re.search(r'width="([\d.]+)pt"', svg)
    return round(float(found[1]) * PX) if found else 0


def _variable(colour: str) -> str:
    return f"--c{colour.removeprefix('#')}"


def _cells(tokens: Sequence[Token]) -> None:
    """Name the rows of tables by their first cells, colour the verdicts, and set intervals apart."""
    for row, opened, inline, closed in zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False):
        if row.type == "tr_open" and opened.type == "td_open":
            opened.type, closed.type, opened.tag, closed.tag = "th_open", "th_close", "th", "th"
            opened.attrs["scope"] = "row"
        elif opened.type == "th_open":
            opened.attrs.setdefault("scope", "col")
        if opened.type == "td_open":
            text = inline.content.strip()
            kind = KINDS.get(text[:1]) or KINDS.get(text[-1:])
            opened.attrs |= {"class": kind} if kind else {}
            inline.children = [part for child in inline.children or () for part in _apart(child)]


def _apart(child: Token) -> list[Token]:
    """Return a piece of text with its intervals as tokens of their own."""
    if child.type != "text":
        return [child]
    kinds = itertools.cycle(("text", "interval"))
    parts = zip(kinds, INTERVAL.split(child.content), strict=False)
    return [Token(kind, "", 0, content=part) for kind, part in parts]


def _links(tokens: Sequence[Token], folder: str) -> None:
    """Replace links to files by the files' paths from the root of the project."""
    for block in tokens:
        outside: list[Token] = []
        inside: list[Token] = []
        target = ""
        for token in block.children or ():
            if token.type == "link_open" and not str(token.attrs["href"]).startswith("#"):
                target = posixpath.normpath(f"{folder}/{token.attrs['href']}")
            elif token.type == "link_close" and target:
                outside += _path("".join(child.content for child in inside), target)
                inside, target = [], ""
            else:
                (inside if target else outside).append(token)
        if block.children is not None:
            block.children = outside


def _path(label: str, target: str) -> list[Token]:
    """Return the path, after the label unless that says no more."""
    path = Token("code_inline", "code", 0, content=target)
    if target.endswith(label.strip("/")):
        return [path]
    before, after = (Token("text", "", 0, content=text) for text in (f"{label} (", ")"))
    return [before, path, after]


class _Renderer(RendererHTML):
    """HTML of the page: tables scroll, and HTML in the text is shown as text unless ALLOWED names it."""

    def image(self, tokens: Sequence[Token], at: int, *_: Any) -> str:
        svg, label = str(tokens[at].meta["svg"]), escapeHtml(tokens[at].content)
        found = re.search(r'data-message="([^"]+)"', svg)
        message = found[1] if found else ""
        svg = svg.replace(f'data-message="{message}"', "", 1).strip()
        shown = f'role="img" aria-label="{message}{". " * bool(message)}{label}" style="--w: {_width(svg)}px"'
        # On a narrow screen a wide figure scrolls, and its message would be cut off.
        wide = f'<strong aria-hidden="true">{message}</strong>' if _width(svg) > NARROW else ""
        return wide + re.sub(r'width="[^"]*"', lambda _: shown, svg, count=1)

    def interval(self, tokens: Sequence[Token], at: int, *_: Any) -> str:
        return f" <small>{escapeHtml(tokens[at].content)}</small>"

    def table_open(self, *_: Any) -> str:
        return SCROLLING.format("table") + "<table>\n"

    def table_close(self, *_: Any) -> str:
        return "</table></div>\n"

    def html_block(self, tokens: Sequence[Token], at: int, *_: Any) -> str:
        parts = ALLOWED.split(tokens[at].content)
        tags = [*ALLOWED.findall(tokens[at].content), ""]
        return "".join(escapeHtml(part) + tag for part, tag in zip(parts, tags, strict=True))

    def html_inline(self, tokens: Sequence[Token], at: int, *_: Any) -> str:
        return escapeHtml(tokens[at].content)
