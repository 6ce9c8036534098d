"""The runs in a browser: the table of the variants, and two runs compared."""

from urllib.parse import quote

from mlflow import MlflowClient
from mlflow.entities import Run
from selenium.webdriver.common.by import By

from tests.pipeline.clone import VARIANTS, Clone
from tests.ui.page import Page

NAME_COLUMN = ".ag-pinned-left-cols-container [col-id='attributes.`Run Name`']"
CURVE = "epoch/cross_entropy/validation"
# What plotly draws, read from the page itself.
DRAWN = """
const plot = document.querySelector('.js-plotly-plot');
const lines = (plot && plot.data) || [];  // there are none before it is drawn
return lines.map(line => ({name: line.name, y: Array.from(line.y || [])}));
"""


def compared(toy_clone: Clone) -> list[Run]:
    """The same replicate of two variants."""
    found = toy_clone.logged("run")
    wanted = [f"small/{variant}/split-00-init-00" for variant in ("l2", "dropout_l2")]
    return [next(run for run in found if run.info.run_name == name) for name in wanted]


def row(name: str) -> str:
    """The XPath of a row of the run table."""
    return f"//a[normalize-space()='{name}']/ancestor::*[@row-id][1]"


def cells(page: Page, column: str) -> list[str]:
    """What a column of the run table shows, from the top."""
    selector = f".ag-center-cols-container [role='row'] [col-id='{column}']"
    rows = page.browser.find_elements(By.CSS_SELECTOR, selector)
    return [cell.text for cell in sorted(rows, key=lambda cell: cell.location["y"]) if cell.text]


def test_the_first_page_shows_a_row_a_variant_sorted_by_test_error(page: Page, toy_clone: Clone) -> None:
    parents = {str(run.info.run_name): run for run in toy_clone.logged("variant")}
    assert {f"small/{variant}" for variant in ("baseline", *VARIANTS)} <= parents.keys()
    page.until(lambda: set(page.links(NAME_COLUMN)) == parents.keys(), f"the names {sorted(parents)}")
    page.shows(
        "setting", "test_error_percent", "test_error_interval", "gap_nats", "bias", "variance", "Duration"
    )
    errors = [float(text) for text in cells(page, "metrics.`test_error_percent`")]
    assert errors == sorted(run.data.metrics["test_error_percent"] for run in parents.values())
    page.shows(*(run.data.tags["test_error_interval"] for run in parents.values()))
    assert f"{len(parents)} matching runs" in page.text.replace("\n", " ")


def test_the_view_is_in_the_menu_of_views(page: Page, address: str) -> None:
    page.open(address.partition("&viewStateShareKey=")[0])
    page.click("//button[contains(normalize-space(), 'Views')]")
    page.shows("variants by test error")


def test_a_comparison_of_two_runs_shows_both_curves(page: Page, toy_clone: Clone, address: str) -> None:
    runs = compared(toy_clone)
    shared = "tags.kind = 'run' and tags.setting = 'small' and tags.split = '0' and tags.init = '0'"
    shared += " and tags.variant LIKE '%l2'"
    page.open(f"{address.partition('&viewStateShareKey=')[0]}&searchFilter={quote(shared)}")
    for run in runs:
        parent = run.info.run_name.rpartition("/")[0]
        page.click(f"{row(parent)}//button")  # opens it: MLflow shows what is found below its parent
        page.click(f"{row(run.info.run_name)}//div[contains(@class, 'ag-checkbox-input-wrapper')]")
    page.click("//button[normalize-space()='Compare']")
    page.click(f"//a[starts-with(normalize-space(), '{CURVE}')]")
    names = {run.info.run_name for run in runs}

    def both() -> dict[str, list[float]]:
        # MLflow draws a curve twice, smoothed and as it is; unsmoothed they are the same.
        found = {line["name"]: line["y"] for line in page.browser.execute_script(DRAWN)}
        return found if found.keys() == names else {}

    drawn = page.until(both, "two curves")
    client = MlflowClient(tracking_uri=f"sqlite:///{toy_clone.root}/mlflow.db")
    assert drawn == {
        run.info.run_name: [point.value for point in client.get_metric_history(run.info.run_id, CURVE)]
        for run in runs
    }
