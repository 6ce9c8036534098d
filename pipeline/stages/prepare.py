"""Stage prepare: the images, and for every setting the draws and the labels trained on."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from pipeline import params, tracking
from pipeline.checkout import ROOT, main_checkout
from pipeline.data import draws, mnist, prepared
from pipeline.errors import reports_errors


@reports_errors
def main() -> None:
    """Obtain the data, draw from it, and make the MLflow store, before any process needs either."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = params.load(ROOT / "params.yaml")
    local = os.environ.get("MNIST_DIR")
    images = mnist.obtain(main_checkout() / "data" / "download", local=Path(local) if local else None)
    prepared.write(ROOT, images, draws.draw(settings, images.train_labels))
    tracking.experiment()


if __name__ == "__main__":
    main()
