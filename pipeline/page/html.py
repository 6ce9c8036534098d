"""The report as one file for a browser, which needs nothing else."""

from __future__ import annotations

import base64
import itertools
import posixpath
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from pipeline.system.markdown import anchor

TEMPLATES = Path(__file__).parent / "templates"
# The HTML that the page itself writes. Any other HTML is shown as text.
ALLOWED = re.compile(r"</?details>|<summary>[^<]*</summary>")
SCROLLING = '<div class="scroll" tabindex="0" role="group" aria-label="{}">'


def page(markdown: str, folder: Path) -> str:
    """Return the page for a browser, with its style and its images, which are read from below `folder`.

    A link to another file becomes the file's path, because the page may be read where that file is not.
    """
    parser = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable("table")
    tokens = parser.parse(markdown)
    _headings(tokens)
    _figures(tokens)
    for token in (child for block in tokens for child in block.children or ()):
        if token.type == "image":
            content = base64.b64encode((folder / str(token.attrs["src"])).read_bytes()).decode()
            token.attrs["src"] = f"data:image/png;base64,{content}"
    _links(tokens, folder.name)
    body = parser.renderer.render(tokens, parser.options, {})
    title = next(_plain(tokens[i + 1]) for i, token in enumerate(tokens) if token.type == "heading_open")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, autoescape=True
    )
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(title=title, style=style, body=body) + "\n"


def _headings(tokens: Sequence[Token]) -> None:
    """Give every heading the anchor that a code-hosting page gives it."""
    for opened, inline in itertools.pairwise(tokens):
        if opened.type == "heading_open":
            opened.attrs["id"] = anchor(_plain(inline))


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())


def _figures(tokens: Sequence[Token]) -> None:
    """Mark the paragraphs that hold nothing but an image: wide ones scroll, and a caption follows."""
    for opened, inline in itertools.pairwise(tokens):
        if opened.type == "paragraph_open" and [c.type for c in inline.children or ()] == ["image"]:
            opened.attrs["class"] = "figure"


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
