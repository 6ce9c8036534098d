"""The page for a browser in a browser: it is accessible, fits every width, and follows dark mode."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from selenium.webdriver import Chrome

from pipeline.drawing import style, svg
from pipeline.page import figures, html
from tests.page.test_template import rendered

CHECK = Path(__file__).with_name("accessible.js").read_text(encoding="utf-8")
IMAGE = re.compile(r"!\[[^\]]+\]\(([^)]+)\.png\)")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of all that the report has, its figures drawn from a table by hand; all of it unfolded."""
    folder = tmp_path_factory.mktemp("page") / "reports"
    text = rendered()
    rows = [
        ("small", variant, f"squared_error_{term}", value)
        for place, variant in enumerate(("baseline", "l2", "dropout"))
        for term, value in (("bias", 0.1 + 0.01 * place), ("variance", 0.08 - 0.01 * place))
    ]
    table = pd.DataFrame(rows, columns=["setting", "variant", "metric", "estimate"])
    table = table.assign(low=table.estimate - 0.01, high=table.estimate + 0.01)
    style.use()
    families = {"baseline": "baseline", "l2": "weights", "dropout": "noise"}
    drawn = figures.every({"summary": table}, families, ["small"])
    for name in IMAGE.findall(text):
        path = folder / f"{name}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        figure = drawn["all_arrows" if "all" in name else "arrows"][1]
        path.write_text(svg.drawn(figure), encoding="utf-8")
    written = folder / "report.html"
    written.write_text(html.page(text, folder).replace("<details>", "<details open>"), encoding="utf-8")
    return written


def opened(browser: Chrome, page: Path, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    wanted: dict[str, Any] = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wanted)
    browser.get(page.as_uri())


@pytest.fixture
def emulating(browser: Chrome) -> Any:
    """The browser, whose size and colours are its own again afterwards."""
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_accessible(emulating: Chrome, page: Path, width: int, scheme: str) -> None:
    opened(emulating, page, width, scheme)
    assert emulating.execute_script(CHECK) == []


@pytest.mark.parametrize(
    "broken",
    [
        ("<h2 ", "<h4 "),
        ('scope="row"', ""),
        ('<nav aria-label="Contents">', "<nav>"),
        ("--soft: #59636e", "--soft: #9aa0a6"),
        ("--c262626: #262626", "--c262626: #8a8a8a"),
        ('role="img" ', ""),
        ('id="limits-of-the-study"', 'id="limits"'),
    ],
)
def test_what_is_broken_is_found(
    emulating: Chrome, page: Path, broken: tuple[str, str], tmp_path: Path
) -> None:
    text = page.read_text(encoding="utf-8")
    assert broken[0] in text
    (tmp_path / "broken.html").write_text(text.replace(*broken), encoding="utf-8")
    opened(emulating, tmp_path / "broken.html", 1280, "light")
    assert emulating.execute_script(CHECK) != []


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1600])
def test_nothing_is_wider_than_the_window(emulating: Chrome, page: Path, width: int) -> None:
    opened(emulating, page, width, "light")
    wide = emulating.execute_script("return document.documentElement.scrollWidth")
    assert wide <= width


def test_the_contents_stay_in_reach(emulating: Chrome, page: Path) -> None:
    for width in (390, 1280):
        opened(emulating, page, width, "light")
        top = emulating.execute_script(
            "scrollTo(0, 3000); return document.querySelector('nav').getBoundingClientRect().top"
        )
        assert top == pytest.approx(0, abs=1)


def test_the_page_and_its_figures_follow_dark_mode(emulating: Chrome, page: Path) -> None:
    colours = []
    for scheme in ("light", "dark"):
        opened(emulating, page, 1280, scheme)
        script = "const look = e => getComputedStyle(document.querySelector(e));"
        both = "return [look('body').backgroundColor, look('svg text').fill]"
        colours.append(emulating.execute_script(script + both))
    assert colours == [["rgb(255, 255, 255)", "rgb(38, 38, 38)"], ["rgb(20, 24, 29)", "rgb(230, 233, 236)"]]
