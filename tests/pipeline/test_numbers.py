"""The numbers of the report, found again from what the runs left, by other means."""

import itertools
import json
import re

import numpy as np
import pytest
from scipy import special, stats

from pipeline.datasets.images import Images
from tests.pipeline.clone import Clone

Estimate = tuple[float, float, float]
CELLS = [
    ("small", "baseline"),
    ("small", "l2"),
    ("small", "dropout_l2"),
    ("notebook", "baseline"),
    ("notebook", "dropout"),
]


def rankings(clone: Clone) -> dict[str, dict[str, dict[str, str]]]:
    """The ranking tables of the report: setting, variant, title of the column, cell."""
    page = (clone.root / "reports" / "report.md").read_text(encoding="utf-8")
    found: dict[str, dict[str, dict[str, str]]] = {}
    for section in page.split("### Ranking in ")[1:]:
        lines = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("|")]
        titles, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        table = [dict(zip(titles, row, strict=True)) for row in rows]
        found[section.split("`")[1]] = {row["variant"].strip("`"): row for row in table}
    return found


def numbers(cell: str) -> Estimate:
    """`estimate [low, high]` as three numbers."""
    estimate, low, high = (float(number) for number in re.findall(r"[-+]?\d+\.\d+", cell))
    return estimate, low, high


def logits(clone: Clone, setting: str, variant: str) -> np.ndarray:
    """Test logits (D, I, M, C)."""
    flat = clone.arrays(variant.removeprefix("tuned_"), f"{setting}/{variant}", "logits")
    return flat.reshape(*clone.grid(setting), *flat.shape[1:])


def by_replicate(values: np.ndarray) -> np.ndarray:
    """Means over the inits of every split, (D,); of one split, the inits, (I,)."""
    return values[0] if len(values) == 1 else values.mean(axis=1)


def interval(replicates: np.ndarray) -> Estimate:
    """Mean and 95 % limits of Student's t."""
    mean, error = replicates.mean(), stats.sem(replicates)
    low, high = stats.t.interval(0.95, len(replicates) - 1, loc=mean, scale=error)
    return float(mean), float(low), float(high)


def cross_entropy(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean -log p of the labels (..., M) under logits (..., M, C)."""
    chosen = np.take_along_axis(scores.astype(np.float64), labels[..., None].astype(int), axis=-1)[..., 0]
    return np.asarray((special.logsumexp(scores.astype(np.float64), axis=-1) - chosen).mean(axis=-1))


def errors(clone: Clone, images: Images, setting: str, variant: str) -> np.ndarray:
    """Share of wrong test images in percent, (D, I)."""
    wrong = logits(clone, setting, variant).argmax(axis=-1) != images.test_labels
    return np.asarray(100 * wrong.mean(axis=-1))


def train_cross_entropy(clone: Clone, images: Images, setting: str, variant: str) -> np.ndarray:
    """Of the final weights on their own training set, (D, I): the network by hand."""
    train = np.load(clone.root / f"data/splits/{setting}_train.npy")
    labels = np.load(clone.root / f"data/splits/{setting}_labels.npy")
    found = []
    layers = {
        f"{layer}/{role}": clone.arrays(variant, f"{setting}/{variant}", f"weights/{layer}/{role}")
        for layer in ("hidden_1", "logits")
        for role in ("kernel", "bias")
    }
    for number, (split, _) in enumerate(itertools.product(*map(range, clone.grid(setting)))):
        pixels = images.train_images[train[split]].reshape(len(labels[split]), -1) / 255
        hidden = pixels @ layers["hidden_1/kernel"][number] + layers["hidden_1/bias"][number]
        scores = np.maximum(hidden, 0) @ layers["logits/kernel"][number] + layers["logits/bias"][number]
        found.append(cross_entropy(scores, labels[split]))
    return np.array(found).reshape(clone.grid(setting))


def variance(probabilities: np.ndarray) -> float:
    """Half the mean squared distance of two models that share neither split nor init (D, I, M, C)."""
    d, i = probabilities.shape[:2]
    models = list(itertools.product(range(d), range(i)))
    pairs = [
        (a, b) for a, b in itertools.combinations(models, 2) if a[1] != b[1] and (a[0] != b[0] or d == 1)
    ]
    return float(
        np.mean([((probabilities[a] - probabilities[b]) ** 2).sum(axis=-1).mean() / 2 for a, b in pairs])
    )


@pytest.mark.parametrize(("setting", "variant"), CELLS)
def test_the_test_error(toy_clone: Clone, mnist: Images, setting: str, variant: str) -> None:
    expected = interval(by_replicate(errors(toy_clone, mnist, setting, variant)))
    cell = rankings(toy_clone)[setting][variant]["test error, %"]
    assert numbers(cell) == pytest.approx(expected, abs=0.00501)


@pytest.mark.parametrize(("setting", "variant"), [cell for cell in CELLS if cell[1] != "baseline"])
def test_the_difference_to_the_baseline(toy_clone: Clone, mnist: Images, setting: str, variant: str) -> None:
    """To the better one, where there are two."""
    rivals = [name for name in ("baseline", "tuned_baseline") if name in rankings(toy_clone)[setting]]
    reference = min(rivals, key=lambda name: errors(toy_clone, mnist, setting, name).mean())
    own, base = (errors(toy_clone, mnist, setting, name) for name in (variant, reference))
    title = f"against {reference.replace('_', ' ')}, points"
    cell = rankings(toy_clone)[setting][variant][title]
    assert numbers(cell) == pytest.approx(interval(by_replicate(own - base)), abs=0.00501)


@pytest.mark.parametrize(("setting", "variant"), CELLS)
def test_the_cross_entropy_and_its_gap(toy_clone: Clone, mnist: Images, setting: str, variant: str) -> None:
    row = rankings(toy_clone)[setting][variant]
    test = cross_entropy(
        logits(toy_clone, setting, variant),
        np.broadcast_to(mnist.test_labels, (*toy_clone.grid(setting), 10_000)),
    )
    expected = interval(by_replicate(test))
    assert numbers(row["test cross-entropy, nats"]) == pytest.approx(expected, abs=0.000501)
    gap = test - train_cross_entropy(toy_clone, mnist, setting, variant)
    assert numbers(row["gap, nats"]) == pytest.approx(interval(by_replicate(gap)), abs=0.000502)


@pytest.mark.parametrize(("setting", "variant"), CELLS)
def test_bias_and_variance(toy_clone: Clone, mnist: Images, setting: str, variant: str) -> None:
    row = rankings(toy_clone)[setting][variant]
    probabilities = special.softmax(logits(toy_clone, setting, variant).astype(np.float64), axis=-1)
    risk = ((probabilities - np.eye(10)[mnist.test_labels]) ** 2).sum(axis=-1).mean()
    assert numbers(row["variance"])[0] == pytest.approx(variance(probabilities), abs=0.0000501)
    assert numbers(row["bias²"])[0] == pytest.approx(risk - variance(probabilities), abs=0.0000501)


@pytest.mark.parametrize("setting", ["small", "notebook"])
def test_the_ranking_is_by_test_error(toy_clone: Clone, mnist: Images, setting: str) -> None:
    listed = rankings(toy_clone)[setting]
    measured = [errors(toy_clone, mnist, setting, variant).mean() for variant in listed]
    assert measured == sorted(measured)
    expected = ["baseline", "tuned_baseline", "l2", "dropout", "dropout_l2"]
    assert sorted(listed) == sorted(expected if setting == "small" else ["baseline", "dropout"])


def test_the_metrics_of_dvc_are_those_of_the_report(toy_clone: Clone) -> None:
    metrics = json.loads((toy_clone.root / "reports" / "metrics" / "study.json").read_text(encoding="utf-8"))
    titles = {
        "test_error": "test error, %",
        "test_cross_entropy": "test cross-entropy, nats",
        "gap": "gap, nats",
        "bias": "bias²",
        "variance": "variance",
    }
    listed = rankings(toy_clone)
    assert {setting: set(rows) for setting, rows in metrics.items()} == {
        setting: set(rows) for setting, rows in listed.items()
    }
    for setting, rows in metrics.items():
        for variant, found in rows.items():
            for name, title in titles.items():
                estimate = listed[setting][variant][title].split()[0]
                digit = 10.0 ** -len(estimate.partition(".")[2])
                assert found[name] == pytest.approx(float(estimate), abs=0.51 * digit)
