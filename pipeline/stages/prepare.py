"""Stage prepare: the images, and for every setting the draws and the labels trained on."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from pipeline import params, tracking
from pipeline.checkout import ROOT, main_checkout
from pipeline.data import draws, mnist, own, prepared
from pipeline.data.mnist import Images
from pipeline.errors import reports_errors


@reports_errors
def main() -> None:
    """Obtain the data, draw from it, and make the MLflow store, before any process needs either."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = params.load(ROOT / "params.yaml")
    images = _images(settings.data.source)
    params.check_images(settings, len(images.train_labels))
    prepared.write(ROOT, images, draws.draw(settings, images.train_labels))
    tracking.experiment()


def _images(source: str) -> Images:
    if source != params.MNIST:
        return own.read(ROOT / source, source)
    local = os.environ.get("MNIST_DIR")
    return mnist.obtain(main_checkout() / "data" / "download", local=Path(local) if local else None)


if __name__ == "__main__":
    main()
