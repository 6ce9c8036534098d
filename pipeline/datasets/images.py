"""What every data set is: images and labels, to train and to test on."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Images:
    """Images, uint8 (N, height, width) or (N, height, width, channels), and their labels (N,).

    Published data sets have no channels and labels of uint8; their four arrays are read-only.
    """

    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.unsignedinteger]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.unsignedinteger]


class Dataset(NamedTuple):
    """Images, and plain sentences on what was changed of them to get there."""

    images: Images
    notes: tuple[str, ...] = ()
