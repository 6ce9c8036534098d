"""The registered network and the report in a browser."""

from mlflow import MlflowClient

from tests.pipeline.clone import Clone
from tests.ui.page import Page


def test_the_registered_network_is_there_with_its_aliases(page: Page, toy_clone: Clone, address: str) -> None:
    client = MlflowClient(tracking_uri=f"sqlite:///{toy_clone.root}/mlflow.db")
    name = "regularization-study-small"
    champion = client.get_model_version_by_alias(name, "champion")
    server = address.partition("#")[0]
    page.open(f"{server}#/models/{name}")
    page.shows(name, f"Version {champion.version}", "champion", "baseline")
    page.open(f"{server}#/models/{name}/versions/{champion.version}")
    page.shows(f"{champion.tags['variant']} in small", "Network")


def test_the_report_opens_as_an_artifact(page: Page, toy_clone: Clone, address: str) -> None:
    (study,) = toy_clone.logged("study")
    server, _, rest = address.partition("#")
    experiment = rest.split("/")[2]
    page.open(f"{server}#/experiments/{experiment}/runs/{study.info.run_id}/artifacts/reports/report.md")
    first = (toy_clone.root / "reports" / "report.md").read_text(encoding="utf-8").splitlines()[0]
    page.shows(first.lstrip("# "), "report.md", "figures", "tables")
