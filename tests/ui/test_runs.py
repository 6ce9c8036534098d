"""The runs in a browser: the table of the variants, and two runs compared."""

from urllib.parse import quote

from mlflow import MlflowClient
from mlflow.entities import Run

from tests.pipeline.clone import VARIANTS, Clone
from tests.ui.page import Page

NAME_COLUMN = ".ag-pinned-left-cols-container [col-id='attributes.`Run Name`']"
CURVE = "epoch/validation_cross_entropy"
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


def test_the_run_table_shows_every_setting_and_variant(page: Page, toy_clone: Clone) -> None:
    parents = {run.info.run_name: run for run in toy_clone.logged("variant")}
    assert {f"small/{variant}" for variant in ("baseline", *VARIANTS)} <= parents.keys()
    page.until(lambda: set(page.links(NAME_COLUMN)) == parents.keys(), f"the names {sorted(parents)}")
    assert f"{len(parents)} matching runs" in page.text.replace("\n", " ")


def test_a_comparison_of_two_runs_shows_both_curves(page: Page, toy_clone: Clone, address: str) -> None:
    runs = compared(toy_clone)
    shared = "tags.kind = 'run' and tags.setting = 'small' and tags.split = '0' and tags.init = '0'"
    shared += " and tags.variant LIKE '%l2'"
    page.open(f"{address.partition('&searchFilter=')[0]}&searchFilter={quote(shared)}")
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
