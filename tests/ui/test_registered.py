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
    error = client.get_run(str(champion.run_id)).data.metrics["final/test_error"]
    page.shows(f"{100 * error:.2f} % test error: {champion.tags['variant']} in small", "Network")


def test_a_model_shows_its_own_metrics(page: Page, toy_clone: Clone, address: str) -> None:
    client = MlflowClient(tracking_uri=f"sqlite:///{toy_clone.root}/mlflow.db")
    champion = client.get_model_version_by_alias("regularization-study-small", "champion")
    own = client.get_run(str(champion.run_id))
    server, _, rest = address.partition("#")
    experiment = rest.split("/")[2]
    models = client.search_logged_models([experiment], f"source_run_id = '{champion.run_id}'")
    # Two cells may have the network of one run.
    (model,) = (model for model in models if model.tags["variant"] == champion.tags["variant"])
    page.open(f"{server}#/experiments/{experiment}/models/{model.model_id}")
    page.shows(str(own.info.run_name), "final/test_error", "final/validation_cross_entropy")
    assert own.inputs is not None
    page.shows(own.inputs.dataset_inputs[0].dataset.name)


def test_the_report_opens_as_an_artifact(page: Page, toy_clone: Clone, address: str) -> None:
    (study,) = toy_clone.logged("study")
    server, _, rest = address.partition("#")
    experiment = rest.split("/")[2]
    page.open(f"{server}#/experiments/{experiment}/runs/{study.info.run_id}/artifacts/reports/report.md")
    first = (toy_clone.root / "reports" / "report.md").read_text(encoding="utf-8").splitlines()[0]
    page.shows(first.lstrip("# "), "report.md", "figures", "tables")
