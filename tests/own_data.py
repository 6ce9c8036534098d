"""Data of one's own for the tests: a miniature that is right, and how it is saved."""

import struct
from typing import Any

import numpy as np

Arrays = dict[str, Any]

NAME = "datasets/mine.npz"
KERAS = {
    "train_images": "x_train",
    "train_labels": "y_train",
    "test_images": "x_test",
    "test_labels": "y_test",
}
IDX = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


def good(**changes: Any) -> Arrays:
    """Seven images to train on, of three classes, and five to test; each of 3 x 2 pixels, all different."""
    arrays: Arrays = {
        "train_images": np.arange(42, dtype=np.uint8).reshape(7, 3, 2),
        "train_labels": np.array([0, 0, 1, 1, 2, 2, 0]),
        "test_images": np.arange(100, 130, dtype=np.uint8).reshape(5, 3, 2),
        "test_labels": np.array([0, 1, 2, 2, 2]),
    }
    return arrays | changes


def twice(images: np.ndarray, labels: np.ndarray) -> Arrays:
    """The same images to train on and to test."""
    return {"train_images": images, "train_labels": labels, "test_images": images, "test_labels": labels}


def as_idx(array: np.ndarray) -> bytes:
    """The array as an IDX file of unsigned bytes."""
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()
