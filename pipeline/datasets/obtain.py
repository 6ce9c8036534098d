"""The images that a setting names in `data`: a published data set, or one's own."""

import os
from pathlib import Path

from pipeline.datasets import own
from pipeline.datasets.fashion_mnist import FASHION_MNIST
from pipeline.datasets.images import Dataset
from pipeline.datasets.mnist import MNIST
from pipeline.system.checkout import main_checkout

PUBLISHED = {"mnist": MNIST, "fashion_mnist": FASHION_MNIST}  # by their names in params.yaml


def downloads(root: Path) -> Path:
    """Return where downloads are kept, of a checkout and of its experiments' copies."""
    return main_checkout(root) / "data" / "download"


def dataset(root: Path, source: str) -> Dataset:
    """Return the images of a source: a name among PUBLISHED, or a path below `root` to one's own data.

    What was changed in one's own is printed.

    Raises UserError where they cannot be had.
    """
    if source not in PUBLISHED:
        read = own.read(root / source, source)
        for note in read.notes:
            print(f"{source}: {note}", flush=True)
        return read
    published = PUBLISHED[source]
    local = os.environ.get(published.variable)
    return Dataset(published.obtain(downloads(root), local=Path(local) if local else None))
