"""The IDX format, against bytes written out by hand."""

import re

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.datasets import idx
from pipeline.system.errors import UserError

LABELS = bytes.fromhex("00000801 00000003 070001")
IMAGES = bytes.fromhex("00000803 00000002 00000001 00000003 000102 fdfeff")


def test_labels_by_hand() -> None:
    labels = np.array([7, 0, 1], np.uint8)
    assert idx.encode(labels) == LABELS
    decoded = idx.decode(LABELS, "labels")
    assert decoded.dtype == np.uint8
    assert decoded.tolist() == [7, 0, 1]


def test_images_by_hand() -> None:
    images = np.array([[[0, 1, 2]], [[253, 254, 255]]], np.uint8)
    assert idx.encode(images) == IMAGES
    assert idx.decode(IMAGES, "images").tolist() == images.tolist()


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=4)))
def test_decode_inverts_encode(array: npt.NDArray[np.uint8]) -> None:
    decoded = idx.decode(idx.encode(array), "any")
    assert decoded.shape == array.shape
    assert np.array_equal(decoded, array)


def test_memory_layout_does_not_show() -> None:
    images = np.arange(12, dtype=np.uint8).reshape(2, 3, 2)
    assert idx.encode(np.asfortranarray(images)) == idx.encode(images)
    assert idx.encode(images[:, ::-1])[16:] == bytes([4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7])


def test_decoded_arrays_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        idx.decode(LABELS, "labels")[0] = 1


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (b"", "expected an IDX magic number (0x00000803 for images, 0x00000801 for labels), "
              "received an empty file"),
        (b"\0\0\x08", "received 0x000008"),
        (b"\x1f\x8b\x08\x00rest", "received 0x1f8b0800"),
        (b"\1\0" + LABELS[2:], "received 0x01000801"),
        (b"\0\0\x08\0", "received 0x00000800"),
        (bytes.fromhex("00000d01 00000000"),
         "expected element type 0x08 (unsigned byte), received 0x0d"),
        (bytes.fromhex("00000803 00000001 0000"),
         "expected a header of 16 bytes for 3 axes, received 10 (truncated)"),
        (LABELS[:-1], "expected 3 bytes for shape (3,), received 2 (truncated)"),
        (LABELS + b"\0", "expected 3 bytes for shape (3,), received 4 (overlong)"),
        (IMAGES[:-2], "expected 6 bytes for shape (2, 1, 3), received 4 (truncated)"),
        (b"\0\0\x08\x41" + bytes(4 * 0x41), "expected a shape that numpy can hold"),
        (bytes.fromhex("00000804 00000000 ffffffff ffffffff ffffffff"),
         "expected a shape that numpy can hold"),
    ],
)  # fmt: skip
def test_faults_name_the_file_what_was_expected_and_what_was_received(blob: bytes, message: str) -> None:
    with pytest.raises(UserError, match=f"^some-file: .*{re.escape(message)}"):
        idx.decode(blob, "some-file")


@given(st.one_of(st.binary(max_size=40), st.binary(max_size=40).map(lambda b: b"\0\0\x08" + b)))
def test_any_bytes_decode_to_themselves_or_are_refused(blob: bytes) -> None:
    try:
        array = idx.decode(blob, "any")
    except UserError:
        return
    assert idx.encode(array) == blob


def test_encode_refuses_other_types_and_scalars() -> None:
    with pytest.raises(TypeError, match="expected elements of uint8, received int64"):
        idx.encode(np.array([1], np.int64))
    with pytest.raises(ValueError, match="expected at least one axis, received none"):
        idx.encode(np.array(1, np.uint8))
