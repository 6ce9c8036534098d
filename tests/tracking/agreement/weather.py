"""A pipeline that is not this study: forecasts, fitted with several seeds."""

from pathlib import Path

from pipeline.tracking.agreement import (
    Circumstances,
    Contents,
    Data,
    Drawn,
    Entry,
    Experiment,
    Group,
    Ledger,
    Process,
)

NAME = "weather"


def fit(model: str, seed: int) -> Entry:
    """Two final values, a curve of three points and a data set."""
    return Entry(
        key=f"{model}-{seed}",
        name=f"{model}/{seed}",
        tags={"model": model},
        params={"seed": str(seed)},
        metrics={"rmse": 1.0 + seed / 3, "bias": float("nan")},
        curves={"loss": [3.0, 2.0, 1.0 + seed / 7]},
        note=f"A fit of {model}.",
        data=Data("rain", "0123456789", "csv", {"path": "rain.csv"}),
    )


def group(model: str, artifact: Path | None = None, seeds: int = 2) -> Group:
    """A model with its fits; a picture, and a file if there is one."""
    artifacts: dict[str, Path | Drawn] = {"plots/map.txt": Drawn(f"of {model}", lambda: b"a map of rain")}
    if artifact:
        artifacts[artifact.name] = artifact
    parent = Entry(
        key=model,
        name=model,
        tags={"model": model},
        metrics={"rmse": 1.25},
        note=f"Fits of {model}.",
        artifacts=artifacts,
    )
    return Group(parent, [fit(model, seed) for seed in range(seeds)])


def contents(*models: str, artifact: Path | None = None) -> Contents:
    return Contents([group(model, artifact) for model in models])


def ledger(folder: Path) -> Ledger:
    """The experiment in the store that the environment names."""
    return Ledger(Experiment(NAME, "Forecasts."), Circumstances(Process(folder / "locks"), folder))
