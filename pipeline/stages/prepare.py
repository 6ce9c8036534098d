"""Stage prepare: the images, and for every setting the draws and the labels trained on."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from pipeline import questions, tracking
from pipeline.datasets import draws, mnist, own, prepared
from pipeline.params import MNIST, check_images
from pipeline.system.checkout import ROOT, main_checkout
from pipeline.system.errors import reports_errors

log = logging.getLogger(__name__)


@reports_errors
def main() -> None:
    """Obtain the data, draw from it, and make the MLflow store, before any process needs either."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    params = questions.load(ROOT / "params.yaml")
    images, notes = _images(params.data.source)
    for note in notes:
        log.info("%s: %s", params.data.source, note)
    check_images(params, images.train_images.shape)
    prepared.write(ROOT, images, draws.draw(params, images.train_labels), notes)
    tracking.experiment()


def _images(source: str) -> own.Dataset:
    if source != MNIST:
        return own.read(ROOT / source, source)
    local = os.environ.get("MNIST_DIR")
    images = mnist.obtain(main_checkout() / "data" / "download", local=Path(local) if local else None)
    return own.Dataset(images, notes=())


if __name__ == "__main__":
    main()
