"""The page for a browser: it holds all that it shows, and every link in it leads somewhere in it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline.drawing.style import DARK
from pipeline.page import html

SVG = """<svg data-message="It &quot;grows&quot;" xmlns:xlink="http://www.w3.org/1999/xlink"
 width="600.0pt" height="72pt" viewBox="0 0 600 72" xmlns="http://www.w3.org/2000/svg" version="1.1">
<defs><path id="m1" d="M 0 0"/><clipPath id="p1"><rect x="1" y="1" width="5" height="6"/></clipPath></defs>
<g clip-path="url(#p1)"><title>l2: 3</title><use xlink:href="#m1" style="fill: #0067a8"/></g>
<text style="fill: #262626">0.001</text></svg>"""
PAGE = """# The *title* & more

Contents: [Title](#the-title--more) · [The claim](#claim-2a)

A paragraph with `code`, **bold** and [a claim](#claim-2a), 1 < 2.

![What it shows, in "words"](figures/one.png)

*A caption. Numbers: [`one.csv`](figures/one.csv), [the rules](../pipeline/claims), [`all/`](all).*

| variant | `small_one` |
| --- | --- |
| `l2` | ▼ -0.12 [-0.42, +0.18] |
| `l1` | none |

#### Claim 2a

<details>
<summary>More</summary>

| a |
| --- |
| b |

</details>
"""


class Seen(HTMLParser):
    """The tags of a page with their attributes, and what addresses what."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def every(self, name: str) -> list[str]:
        return [str(attrs[name]) for _, attrs in self.tags if name in attrs]


def seen(page: str) -> Seen:
    parsed = Seen()
    parsed.feed(page)
    assert parsed.open == []  # every tag that is opened is closed
    return parsed


def self_contained(page: str) -> None:
    """Refuse a page that points outside itself; every test of a page ends here."""
    parsed = seen(page)
    assert parsed.every("src") == []
    assert all(link.startswith("#") for link in parsed.every("href"))
    ids = parsed.every("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in parsed.every("href")} <= set(ids)
    assert not {tag for tag, _ in parsed.tags} & {"script", "link", "iframe", "object"}
    assert re.findall(r"url\((?!#)|@import|https?:", page) == []
    assert {link[5:-1] for link in re.findall(r"url\(#[^)]+\)", page)} <= set(ids)
    assert all(attrs.get("aria-label") for tag, attrs in parsed.tags if tag == "svg")


@pytest.fixture
def page(tmp_path: Path) -> str:
    (tmp_path / "reports" / "figures").mkdir(parents=True)
    (tmp_path / "reports" / "figures" / "one.svg").write_text(SVG, encoding="utf-8")
    return html.page(PAGE, tmp_path / "reports")


def test_nothing_points_outside(page: str) -> None:
    self_contained(page)
    assert page.startswith("<!doctype html>")


def test_a_figure_is_in_the_page_with_ids_of_its_own(page: str) -> None:
    (attributes,) = [dict(attrs) for tag, attrs in seen(page).tags if tag == "svg"]
    assert attributes["aria-label"] == 'It "grows". What it shows, in "words"'
    assert attributes["style"] == "--w: 800px"  # 600 points
    assert "width" not in attributes
    assert '<rect x="1" y="1" width="5" height="6"/>' in page
    named = set(re.findall(r' id="(f\w+-\w+)"', page))
    addressed = re.findall(r'(?:url\(|href=")#(f\w+-\w+)', page)
    assert {name.partition("-")[2] for name in addressed} == {"p1", "m1"}
    assert {*addressed} <= named
    assert "<title>l2: 3</title>" in page


def test_the_colours_of_a_figure_follow_the_page(page: str) -> None:
    assert "fill: var(--c0067a8)" in page
    found = re.findall(r":root { (--c.+) }", page)
    light, dark = (dict(v.split(": ") for v in colours.rstrip("; ").split("; ")) for colours in found)
    assert light == {f"--c{colour[1:]}": colour for colour in DARK}
    assert dark == {f"--c{colour[1:]}": other for colour, other in DARK.items()}
    assert (
        page.index(found[0])
        < page.index("prefers-color-scheme: dark) {\n  :root { --c")
        < page.index(found[1])
    )


def test_the_page_of_the_study_is_no_larger_than_it_need_be(repository: Path) -> None:
    assert (repository / "reports" / "report.html").stat().st_size < 2 * 2**20


def test_the_contents_are_always_in_reach(page: str) -> None:
    (contents,) = re.findall(r'<nav aria-label="Contents">(.+)</nav>', page, re.S)
    assert re.findall(r'<a href="(.+)">(.+)</a>', contents) == [
        ("#the-title--more", "Title"),
        ("#claim-2a", "The claim"),
    ]
    assert "Contents:" not in page.split("</nav>")[1]


def test_a_link_to_a_file_becomes_its_path(page: str) -> None:
    assert (
        "Numbers: <code>reports/figures/one.csv</code>, the rules (<code>pipeline/claims</code>), "
        "<code>reports/all</code>." in page
    )


def test_headings_have_the_anchors_of_a_code_hosting_page(page: str) -> None:
    assert seen(page).every("id") == ["the-title--more", "f1-m1", "f1-p1", "claim-2a"]


def test_the_title_is_that_of_the_page_without_markup(page: str) -> None:
    assert "<title>The title &amp; more</title>" in page


def test_a_table_scrolls_and_details_fold(page: str) -> None:
    assert page.count('<div class="scroll"') == page.count("</table></div>") == 2
    assert '<td class="better">▼ -0.12 <small>[-0.42, +0.18]</small></td>' in page
    assert '<th scope="row"><code>l1</code></th>\n<td>none</td>' in page
    assert '<th scope="col">variant</th>' in page
    assert "<details>\n<summary>More</summary>\n" in page
    assert page.index("<details>") < page.index('<th scope="col">a</th>') < page.index("</details>")


@pytest.mark.parametrize(
    "given", ["<script>x</script>", "a <img src=x> b", "<details open>", "<summary><b>x</b></summary>"]
)
def test_other_html_is_shown_and_not_taken_over(given: str, tmp_path: Path) -> None:
    page = html.page(f"# Title\n\n{given}\n", tmp_path)
    assert given not in page
    assert not {"script", "img", "b"} & {tag for tag, _ in seen(page).tags}


@pytest.mark.parametrize("medium", ["screen and (prefers-color-scheme: dark", "max-width: 40rem", "print"])
def test_it_is_dressed_for_dark_narrow_and_paper(medium: str, page: str) -> None:
    assert re.search(rf"@media \(?{re.escape(medium)}", page)
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page


def test_the_same_page_gives_the_same_bytes(page: str, tmp_path: Path) -> None:
    assert html.page(PAGE, tmp_path / "reports") == page
