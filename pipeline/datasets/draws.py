"""The training sets, wrong labels and validation images of every condition, the questions' own included."""

from __future__ import annotations

import numpy as np

from pipeline.datasets import seeds, splits
from pipeline.datasets.prepared import Split
from pipeline.params import Params


def draw(params: Params, source: str, labels: np.ndarray, width: int) -> dict[str, Split]:
    """Draw the data of every condition of a source, from the labels (N,) of its training images.

    `width` is that of the images, in pixels.

    A condition that validates draws its training sets from what is not held out, those reported first and
    those of the tuning last, and validates on the first of the held-out images, which are in random
    order. One that does not draws from all.
    """
    everything = np.arange(len(labels), dtype=np.int32)
    rest, held = splits.hold_out(
        len(labels), params.held_out(source), seeds.generator("hold out", params.data.seed)
    )
    drawn = {}
    for name, (setting, trials) in params.draws().items():
        if setting.data != source:
            continue
        pool = rest if setting.validation_size else everything
        rng = seeds.generator("training sets", setting.seed)
        train = splits.disjoint(pool, setting.splits, setting.train_size, rng, trials)
        # More of the ones leave the others as they are.
        numbers = [*range(setting.splits), *range(-trials, 0)]
        trained_on = [
            splits.flip_labels(
                labels[indices],
                setting.label_noise,
                classes=1 + int(labels.max()),
                rng=seeds.generator("label noise", setting.seed, number),
            )
            for number, indices in zip(numbers, train, strict=True)
        ]
        distractors = np.array([round(setting.distractors * width), setting.seed], np.int64)
        drawn[name] = Split(train, np.stack(trained_on), held[: setting.validation_size], distractors)
    return drawn
