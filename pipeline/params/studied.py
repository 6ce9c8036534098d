"""How large a study of the user's own data is: what the section of a question may ask for."""

from dataclasses import dataclass

BATCHES = 20  # an epoch
SMALLEST_BATCH = 10


@dataclass(frozen=True)
class Studied:
    """The training images that are not held out, those of a training set, and the `most` items of a list."""

    pool: int
    train_size: int
    most: int


def batch_size(train_size: int) -> int:
    """Return how many images make BATCHES batches of a training set, none too small."""
    return max(train_size // BATCHES, SMALLEST_BATCH)
