"""How the memory of a worker grows: `python -m tests.training.steady` prints it, in MB, a stretch a line."""

import sys

import numpy as np
import psutil

from pipeline.datasets.prepared import Replicate
from pipeline.params import Optimizer
from pipeline.plan import Run
from pipeline.training.backend import import_keras
from tests.asking import dense

IMAGES, EPOCHS = 64, 2


def run_number(number: int, variant: str) -> Run:
    """One of many replicates of a noisy network."""
    return Run(
        source="mnist",
        setting="steady",
        variant=variant,
        split=0,
        init=number,
        train_size=IMAGES,
        validation_size=IMAGES,
        network=dense(32),
        optimizer=Optimizer(name="adam", learning_rate=0.001),
        epochs=EPOCHS,
        batch_size=16,
        label_noise=0.0,
        regularizers={"dropout": {"rate": 0.5}, "early_stopping": {"patience": 5}},
        init_seed=number,
        order_seed=number,
        noise_seed=number,
        data="",
        code="",
        key=f"{variant}-{number}",
    )


def resident() -> float:
    """Megabytes of this process that are in memory."""
    return float(psutil.Process().memory_info().rss) / 2**20


def main() -> None:
    """Train stretches of as many runs as the arguments say; print how far the memory is after each."""
    import_keras()
    from pipeline.training.trainer import train

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (IMAGES, 28, 28), dtype=np.uint8)
    labels = (np.arange(IMAGES) % 10).astype(np.uint8)
    data = Replicate(images, labels, images, labels, images, labels, classes=10)
    number = 0
    for stretch in map(int, sys.argv[1:]):
        for _ in range(stretch):
            train(run_number(number, "steady"), data)
            number += 1
        print(f"{resident():.1f}", flush=True)


if __name__ == "__main__":
    main()
