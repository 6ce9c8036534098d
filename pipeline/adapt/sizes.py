"""How large a study of so many images may be: the levels to choose from, and the sizes that follow."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.system.errors import UserError

HELD_OUT = 5  # one training image in so many validates, up to MOST_HELD_OUT
MOST_HELD_OUT = 10_000
MOST_VALIDATING = 2_000  # of those, how many a run looks at
MOST_TRAINED = 1_000  # images of a training set: "few", whatever there is
LEAST_TRAINED = 50
FEW_SETS = 5  # beyond which they are twice as large at least
LEAST_A_CLASS = 2  # images of a training set, on average


@dataclass(frozen=True)
class Facts:
    """What is known of the data at `source`; `images` may be trained on, the test set is not among them."""

    source: str
    images: int
    shape: tuple[int, ...]  # (height, width[, channels]) of an image
    classes: int


@dataclass(frozen=True)
class Level:
    """How much is asked for: training sets, training sets to tune on, and the rest.

    The study has at least `variants` of them if there are so many; a question's list has `most` items.
    """

    splits: int
    tuning: int
    epochs: int
    variants: int
    most: int


# From the largest to the smallest; the first that takes no more than its time is written.
LEVELS = (
    Level(splits=10, tuning=2, epochs=40, variants=99, most=11),
    Level(splits=10, tuning=2, epochs=40, variants=99, most=8),
    Level(splits=10, tuning=1, epochs=40, variants=12, most=6),
    Level(splits=8, tuning=1, epochs=40, variants=10, most=4),
    Level(splits=6, tuning=1, epochs=40, variants=8, most=4),
    Level(splits=5, tuning=1, epochs=40, variants=6, most=3),
    Level(splits=5, tuning=1, epochs=30, variants=6, most=3),
    Level(splits=5, tuning=1, epochs=20, variants=5, most=3),
    Level(splits=4, tuning=1, epochs=20, variants=4, most=2),
    Level(splits=3, tuning=1, epochs=20, variants=3, most=2),
)


@dataclass(frozen=True)
class Sizes:
    """What the images allow at a level: held out, and in every training set."""

    level: Level
    pool: int  # the images that are not held out
    validation: int
    validation_size: int
    train_size: int


def possible(facts: Facts) -> Iterator[Sizes]:
    """Yield the sizes at every level that the images allow, from the largest.

    Raises UserError where they allow none.
    """
    least = max(LEAST_TRAINED, LEAST_A_CLASS * facts.classes)
    pool = facts.images - _held_out(facts.images)
    sets = {level: level.splits + level.tuning for level in LEVELS}
    needed = least * min(sets.values())
    if pool < needed:
        wanted = next(count for count in itertools.count(needed) if count - _held_out(count) >= needed)
        raise UserError(
            f"{facts.source}: expected at least {wanted:,} training images of {facts.classes} classes for "
            f"{LEVELS[-1].splits} training sets and {LEVELS[-1].tuning} to tune on, of {least} each, "
            f"received {facts.images:,}; add images"
        )
    for level in LEVELS:
        train_size = rounded(min(pool // sets[level], MOST_TRAINED))
        if train_size >= rounded(least) * (2 if level.splits > FEW_SETS else 1):
            held = _held_out(facts.images)
            yield Sizes(level, pool, held, min(held, MOST_VALIDATING), train_size)


def _held_out(images: int) -> int:
    return rounded(min(images // HELD_OUT, MOST_HELD_OUT))


def rounded(count: int) -> int:
    """Return a count with its first two digits, the others 0."""
    unit = 10 ** max(len(str(count)) - 2, 0)
    return count // unit * unit
