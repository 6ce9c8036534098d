"""What a run is trained with: network, loss and optimizer, with the regularizers that the run names."""

import keras

from pipeline.plan import Run
from pipeline.training import models

SHAPE, CLASSES = (28, 28), 10


def network(run: Run) -> keras.Model:
    return models.build(run, models.regularizers(run), SHAPE, CLASSES)


def loss(run: Run) -> keras.Loss:
    return models.loss(models.regularizers(run))


def optimizer(run: Run) -> keras.Optimizer:
    return models.optimizer(run, models.regularizers(run))
