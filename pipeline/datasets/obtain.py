"""The images that a setting names in `data`: a published data set, or one's own."""

import os
from pathlib import Path

from pipeline.datasets import own
from pipeline.datasets.fashion_mnist import FASHION_MNIST
from pipeline.datasets.images import Images
from pipeline.datasets.mnist import MNIST
from pipeline.system.checkout import main_checkout

PUBLISHED = {"mnist": MNIST, "fashion_mnist": FASHION_MNIST}  # by their names in params.yaml


def downloads(root: Path) -> Path:
    """Return where downloads are kept, of a checkout and of its experiments' copies."""
    return main_checkout(root) / "data" / "download"


def images(root: Path, source: str) -> Images:
    """Return the images of a source: a name among PUBLISHED, or a path below `root` to one's own data.

    Raises UserError where they cannot be had.
    """
    if source not in PUBLISHED:
        return own.read(root / source, source)
    dataset = PUBLISHED[source]
    local = os.environ.get(dataset.variable)
    return dataset.obtain(downloads(root), local=Path(local) if local else None)
