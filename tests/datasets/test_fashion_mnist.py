"""Fashion-MNIST itself: its checksums, its sources, and its images where they are at hand."""

import hashlib
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets import obtain
from pipeline.datasets.fashion_mnist import FASHION_MNIST
from tests.conftest import REPOSITORY

DIGESTS = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def test_the_table_holds_the_published_digests() -> None:
    assert FASHION_MNIST.sha256 == DIGESTS


def test_its_downloads_are_apart_from_those_of_mnist(tmp_path: Path) -> None:
    assert (FASHION_MNIST.variable, FASHION_MNIST.kept) == ("FASHION_MNIST_DIR", "fashion_mnist")
    for name in DIGESTS:
        (tmp_path / name).touch()  # MNIST's files have these names too
    assert not FASHION_MNIST.is_kept(tmp_path)


def test_its_sources_in_their_order() -> None:
    assert list(FASHION_MNIST.remotes) == [
        "Debian's package dataset-fashion-mnist, installed",
        "Keras' mirror https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "Debian's package dataset-fashion-mnist, downloaded",
    ]


def test_the_real_images_are_as_many_as_those_of_mnist() -> None:
    if not os.environ.get("FASHION_MNIST_DIR") and not FASHION_MNIST.is_kept(obtain.downloads(REPOSITORY)):
        pytest.skip("no test needs Fashion-MNIST from the network; FASHION_MNIST_DIR names a copy")
    images = obtain.dataset(REPOSITORY, "fashion_mnist").images
    assert images.train_images.shape == (60_000, 28, 28)
    assert np.bincount(images.train_labels).tolist() == [6000] * 10
    assert np.bincount(images.test_labels).tolist() == [1000] * 10
    header = struct.pack(">4I", 0x803, 60_000, 28, 28)
    digest = hashlib.sha256(header + images.train_images.tobytes()).hexdigest()
    assert digest == DIGESTS["train-images-idx3-ubyte"]
