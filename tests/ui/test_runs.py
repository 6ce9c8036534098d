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
return plot ? plot.data.map(line => ({name: line.name, y: Array.from(line.y)})) : [];
"""


def compared(toy_clone: Clone) -> list[Run]:
    """The same replicate of two variants."""
    found = toy_clone.logged("run")
    wanted = [f"small/{variant}/split-00-init-00" for variant in ("l2", "dropout_l2")]
    return [next(run for run in found if run.info.run_name == name) for name in wanted]


def test_the_run_table_shows_every_setting_and_variant(page: Page, toy_clone: Clone) -> None:
    parents = {run.info.run_name: run for run in toy_clone.logged("variant")}
    assert {f"small/{variant}" for variant in ("baseline", *VARIANTS)} <= parents.keys()
    page.until(lambda: set(page.links(NAME_COLUMN)) == parents.keys(), f"the names {sorted(parents)}")
    assert f"{len(parents)} matching runs" in page.text.replace("\n", " ")


def test_a_comparison_of_two_runs_shows_both_curves(page: Page, toy_clone: Clone, address: str) -> None:
    runs = compared(toy_clone)
    shared = "tags.kind = 'run' and tags.setting = 'small' and tags.split = '0' and tags.init = '0'"
    page.open(f"{address.partition('&searchFilter=')[0]}&searchFilter={quote(shared)}")
    for run in runs:
        row = f"//a[normalize-space()='{run.info.run_name}']/ancestor::*[@row-id][1]"
        page.click(f"{row}//div[contains(@class, 'ag-selection-checkbox')]//input")
    page.click("//button[normalize-space()='Compare']")
    page.click(f"//a[starts-with(normalize-space(), '{CURVE}')]")
    drawn = page.until(lambda: len(lines := page.browser.execute_script(DRAWN)) == 2 and lines, "two curves")
    client = MlflowClient(tracking_uri=f"sqlite:///{toy_clone.root}/mlflow.db")
    assert {line["name"].split()[0]: line["y"] for line in drawn} == {
        run.info.run_name: [point.value for point in client.get_metric_history(run.info.run_id, CURVE)]
        for run in runs
    }
