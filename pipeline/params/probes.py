"""The sections of `params.yaml` on the probes that train runs of their own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.params.sections import Activation, Count, Name, Names, Rate, Strict

Draws = Annotated[int, Field(ge=3)]  # training sets: the jackknife over fewer shows no spread
TRAINED = ("strength_paths", "learning_rates", "map")


class StrengthPaths(Strict):
    """Every candidate of these variants is trained and reported, one initialisation a training set."""

    settings: Names
    variants: Names
    splits: Draws


class Network(Strict):
    """A network in place of the setting's own."""

    hidden: Annotated[list[Count], Field(min_length=1)]
    activation: Activation


class Shift(Strict):
    """Where the internal covariate shift is measured, and every how many batches."""

    learning_rate: Rate
    every: Count


class LearningRates(Strict):
    """A variant and the baseline at many learning rates, on the data of a setting."""

    setting: Name
    variant: Name
    splits: Draws
    epochs: Count
    optimizer: Literal["adam", "sgd"]
    rates: Annotated[list[Rate], Field(min_length=2)]
    networks: Annotated[dict[Name, Network], Field(min_length=1)]
    shift: Shift


class Changes(Strict):
    """What a cell of the map changes of the setting that it starts from."""

    train_size: Count | None = None
    hidden: Annotated[list[Count], Field(min_length=1)] | None = None
    label_noise: Annotated[float, Field(ge=0, lt=1)] | None = None
    epochs: Count | None = None
    batch_size: Count | None = None
    splits: Draws | None = None


class Map(Strict):
    """Which method wins where: the baseline and these variants in every cell.

    `settings` are cells that the study trains anyway; the others start from the first of them. There a
    variant with several candidates chooses among those at the positions `candidates`, by the validation
    loss on `trials` training sets of its own.
    """

    settings: Names
    variants: Names
    candidates: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    trials: Count
    splits: Draws
    cells: Annotated[dict[Name, Changes], Field(min_length=1)]


class Probes(Strict):
    """All of them."""

    strength_paths: StrengthPaths
    learning_rates: LearningRates
    map: Map
