"""The page for a browser: it holds all that it shows, and every link in it leads somewhere in it."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline.page import html

PNG = b"\x89PNG\r\n\x1a\n and more"
PAGE = """# The *title* & more

A paragraph with `code`, **bold** and [a claim](#claim-2a), 1 < 2.

![What it shows, in "words"](figures/one.png)

*A caption. Numbers: [`one.csv`](figures/one.csv), [the rules](../pipeline/claims), [`all/`](all).*

| variant | `small_one` |
| --- | --- |
| `l2` | -0.12 [-0.42, +0.18] ≈ |

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
    assert parsed.every("src") != []
    assert all(source.startswith("data:image/png;base64,") for source in parsed.every("src"))
    assert all(link.startswith("#") for link in parsed.every("href"))
    ids = parsed.every("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in parsed.every("href")} <= set(ids)
    assert not {tag for tag, _ in parsed.tags} & {"script", "link", "iframe", "object"}
    assert re.findall(r"url\(|@import|https?:", re.sub(r'"data:[^"]+"', "", page)) == []
    assert all(attrs.get("alt") for tag, attrs in parsed.tags if tag == "img")


@pytest.fixture
def page(tmp_path: Path) -> str:
    (tmp_path / "reports" / "figures").mkdir(parents=True)
    (tmp_path / "reports" / "figures" / "one.png").write_bytes(PNG)
    return html.page(PAGE, tmp_path / "reports")


def test_nothing_points_outside(page: str) -> None:
    self_contained(page)
    assert page.startswith("<!doctype html>")


def test_an_image_is_in_the_page(page: str) -> None:
    (source,) = seen(page).every("src")
    assert base64.b64decode(source.partition(",")[2]) == PNG
    assert 'alt="What it shows, in &quot;words&quot;"' in page


def test_a_link_to_a_file_becomes_its_path(page: str) -> None:
    assert (
        "Numbers: <code>reports/figures/one.csv</code>, the rules (<code>pipeline/claims</code>), "
        "<code>reports/all</code>." in page
    )


def test_headings_have_the_anchors_of_a_code_hosting_page(page: str) -> None:
    assert seen(page).every("id") == ["the-title--more", "claim-2a"]


def test_the_title_is_that_of_the_page_without_markup(page: str) -> None:
    assert "<title>The title &amp; more</title>" in page


def test_a_table_scrolls_and_details_fold(page: str) -> None:
    assert page.count('<div class="scroll"') == page.count("</table></div>") == 2
    assert "<td>-0.12 [-0.42, +0.18] ≈</td>" in page
    assert "<details>\n<summary>More</summary>\n" in page
    assert page.index("<details>") < page.index("<th>a</th>") < page.index("</details>")


@pytest.mark.parametrize(
    "given", ["<script>x</script>", "a <img src=x> b", "<details open>", "<summary><b>x</b></summary>"]
)
def test_other_html_is_shown_and_not_taken_over(given: str, tmp_path: Path) -> None:
    page = html.page(f"# Title\n\n{given}\n", tmp_path)
    assert given not in page
    assert not {"script", "img", "b"} & {tag for tag, _ in seen(page).tags}


@pytest.mark.parametrize("medium", ["prefers-color-scheme: dark", "max-width: 40rem", "print"])
def test_it_is_dressed_for_dark_narrow_and_paper(medium: str, page: str) -> None:
    assert re.search(rf"@media \(?{medium}", page)
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page


def test_the_same_page_gives_the_same_bytes(page: str, tmp_path: Path) -> None:
    assert html.page(PAGE, tmp_path / "reports") == page
