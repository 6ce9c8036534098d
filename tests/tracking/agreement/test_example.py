"""The example of docs/agreement.md runs as it stands there, for a pipeline that is not this one."""

import json
import re
import runpy
from pathlib import Path

import pytest
from mlflow import MlflowClient


def test_the_example_of_the_docs_runs(
    repository: Path,
    database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (repository / "docs" / "agreement.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.+?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    fits = [{"seed": seed, "rmse": 1.0 + seed, "loss": [3.0, 2.0]} for seed in (0, 1)]
    (tmp_path / "fits").mkdir()
    for model in ("arima", "tree"):
        (tmp_path / "fits" / f"{model}.json").write_text(json.dumps(fits), encoding="utf-8")
    (tmp_path / "example.py").write_text(example, encoding="utf-8")
    runpy.run_path(str(tmp_path / "example.py"), run_name="example")
    assert capsys.readouterr().out == "6 differences, 2 groups mended, 0 left\n"
    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    found = client.get_experiment_by_name("weather")
    assert found is not None
    runs = client.search_runs([found.experiment_id])
    assert {run.info.run_name for run in runs} == {
        "arima",
        "tree",
        *(f"{m}/{s}" for m in ("arima", "tree") for s in (0, 1)),
    }
    (parent,) = (run for run in runs if run.info.run_name == "arima")
    assert parent.data.metrics == {"rmse": 1.5}
