"""Labels that are any integers, counted from 0."""

from __future__ import annotations

import numpy as np

from pipeline.datasets.own.parts import LISTED, Named, Notes, listed
from pipeline.system.errors import UserError


def integers(labels: Named, notes: Notes) -> np.ndarray:
    """Return the labels, (N,) or (N, 1), as int64 (N,). A note says what was changed.

    Raises UserError for another shape, and for what are no integers of 64 bits.
    """
    name, values = labels
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
        notes.add("labels (N, 1) are read as (N,)", name)
    if values.ndim != 1:
        mend = "take the argmax(axis=1) of one-hot labels" if values.ndim == 2 else "save them as one axis"
        raise UserError(
            f"{name}: expected labels (N,) or (N, 1), one class for each image, "
            f"received shape {labels.values.shape}; {mend}"
        )
    if values.dtype.kind == "b":
        notes.add("False and True are the classes 0 and 1", name)
    elif values.dtype.kind not in "iu":
        raise UserError(f"{name}: expected integers, received {values.dtype}; {_mend(values)}")
    elif values.size and int(values.max()) > np.iinfo(np.int64).max:
        raise UserError(
            f"{name}: expected integers below 2^63, received {values.max()}; number the classes from 0"
        )
    return values.astype(np.int64)


def count_from_zero(train: Named, test: Named | None, notes: Notes) -> tuple[np.ndarray, np.ndarray | None]:
    """Number the classes of integer labels (N,) from 0, in ascending order, in the smallest unsigned type.

    Returns the labels to train and to test on; the latter are None where there are none. A note says which
    labels are counted from 0, unless they are already.

    Raises UserError for fewer than two classes to train on, and for a test label that is not among them.
    """
    present, numbered = np.unique(train.values, return_inverse=True)
    if len(present) < 2:
        raise UserError(
            f"{train.name}: expected at least two classes, received {present[0]} alone; "
            "check that these are the labels"
        )
    if present[0] != 0 or present[-1] != len(present) - 1:
        notes.add(f"the labels {_span(present)} are counted from 0")
    kind = np.min_scalar_type(len(present) - 1)
    if test is None:
        return numbered.astype(kind), None
    strange = np.setdiff1d(test.values, present)
    if strange.size:
        raise UserError(
            f"{test.name}: expected the classes of {train.name}, {_span(present)}, "
            f"received {listed(strange)}; train on images of every class, or leave the others out"
        )
    return numbered.astype(kind), np.searchsorted(present, test.values).astype(kind)


def _span(present: np.ndarray) -> str:
    """Return ascending labels as `1 to 26` or, where there are gaps, as `1, 2, 5`."""
    if int(present[-1]) - int(present[0]) == len(present) - 1:
        return f"{present[0]} to {present[-1]}"
    if len(present) <= LISTED:
        return listed(present)
    return f"{present[0]} to {present[-1]} with gaps, {len(present)} classes,"


def _mend(values: np.ndarray) -> str:
    if values.dtype.kind == "f" and np.isfinite(values).all() and (values == np.rint(values)).all():
        return "convert them with astype('int64')"
    return "number the classes with integers, in the same way in every array"
