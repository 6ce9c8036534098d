"""Stage prepare: the images, and for every setting the draws and the labels trained on."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from pipeline import questions, tracking
from pipeline.datasets import draws, mnist, own, prepared
from pipeline.datasets.mnist import Images
from pipeline.params import MNIST, check_images
from pipeline.system.checkout import ROOT, main_checkout
from pipeline.system.errors import reports_errors


@reports_errors
def main() -> None:
    """Obtain the data, draw from it, and make the MLflow store, before any process needs either."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    params = questions.load(ROOT / "params.yaml")
    images = _images(params.data.source)
    check_images(params, images.train_images.shape)
    prepared.write(ROOT, images, draws.draw(params, images.train_labels))
    tracking.experiment()


def _images(source: str) -> Images:
    if source != MNIST:
        return own.read(ROOT / source, source)
    local = os.environ.get("MNIST_DIR")
    return mnist.obtain(main_checkout() / "data" / "download", local=Path(local) if local else None)


if __name__ == "__main__":
    main()
