"""The sections of `params.yaml`: typed, frozen, strict."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from pipeline.params.choices import AnyNetwork, Candidates, Mix
from pipeline.params.sections import Count, Name, Names, Rate, Section, Strict

BASELINE = "baseline"
TUNED_BASELINE = "tuned_baseline"
# The training images of published data sets, by the names that settings call them.
PUBLISHED = {"mnist": 60_000, "fashion_mnist": 60_000}
PUBLISHED_SHAPE = (28, 28)
OWN = "datasets"  # the folder for data of one's own: the stage that reads them depends on it


def _source(value: str) -> str:
    path = PurePosixPath(value)
    folder, *inside = path.parts or ("",)
    if value not in PUBLISHED and (folder != OWN or not inside or ".." in inside):
        raise PydanticCustomError("source", f"{', '.join(PUBLISHED)} or a path in {OWN}/")
    return str(path)  # two spellings of a path are one source


class Data(Strict):
    """What is held out of the training images of every source, once for all settings."""

    validation: Annotated[int, Field(ge=0)]
    seed: int


class Optimizer(Strict):
    """Adam (Kingma & Ba 2015), or SGD with classical momentum."""

    name: Literal["adam", "sgd"]
    learning_rate: Rate
    schedule: Literal["constant", "cosine"] = "constant"  # cosine: to zero at the last step
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @property
    def described(self) -> str:
        """Return its name and its learning rate."""
        falling = ", falling to zero along a cosine" if self.schedule == "cosine" else ""
        return f"{self.name} at {self.learning_rate:g}{falling}"


class Setting(Strict):
    """Conditions under which the variants are compared; `data` is the source of the images."""

    data: Annotated[str, AfterValidator(_source)]
    train_size: Count
    validation_size: Annotated[int, Field(ge=0)]
    network: AnyNetwork
    optimizer: Optimizer
    epochs: Count
    batch_size: Count
    label_noise: Annotated[float, Field(ge=0, lt=1)]
    distractors: Annotated[float, Field(ge=0, le=1)] = 0.0  # useless pixels beside the real ones, as a share
    splits: Count
    inits: Count
    crossed: bool = True  # the training sets share the initialisations, or each has one of its own
    seed: int
    variants: Literal["all"] | Names
    overrides: dict[Name, Candidates]

    @property
    def images(self) -> int | None:
        """Return how many training images its source has; None where only reading them tells."""
        return PUBLISHED.get(self.data)

    @property
    def described(self) -> str:
        """Return what it is, in a clause."""
        noise = f", {self.label_noise:.0%} of them with a wrong label" if self.label_noise else ""
        beside = f", {self.distractors:.0%} useless pixels beside them" if self.distractors else ""
        sets = f"{self.splits} disjoint training sets" if self.splits > 1 else "one training set"
        inits = f"{self.inits} initialisations" if self.inits > 1 else "one initialisation"
        inits = f"x {inits}" if self.crossed else "with an initialisation of its own each"
        return (
            f"{self.train_size:,} images of `{self.data}`{noise}{beside}, {self.network.network.described}, "
            f"{self.optimizer.described}, batches of {self.batch_size}, "
            f"{self.epochs} epochs, {sets} {inits}"
        )

    def trained(self, epochs: int, learning_rate: float) -> Self:
        """Return the setting with other epochs and another learning rate."""
        optimizer = self.optimizer.model_copy(update={"learning_rate": learning_rate})
        return self.model_copy(update={"epochs": epochs, "optimizer": optimizer})


class BaselineCandidates(Strict):
    """What the tuned baseline may change instead of a regularizer; the lists are walked together."""

    epochs: Annotated[list[Count], Field(min_length=1)]
    learning_rate: Annotated[list[Rate], Field(min_length=1)]


class Tuning(Strict):
    """The choice among candidates, by validation loss on training sets of its own."""

    splits: Count
    baseline: BaselineCandidates


class Params(Strict):
    """The whole file.

    `scale` multiplies the replicates of everything; after reading it is applied (`pipeline.params.scale`).
    `questions` has a section for every question that is asked.
    """

    scale: Count
    data: Data
    tuning: Tuning
    settings: Annotated[dict[Name, Setting], Field(min_length=1)]
    variants: Annotated[dict[Name, Candidates], Field(min_length=1)]
    questions: Any  # typed when the questions are known (`pipeline.params.reading`)

    @property
    def stages(self) -> list[str]:
        """Return what is trained by a stage of its own: the baseline, then every variant."""
        return [BASELINE, *self.variants]

    def section(self, question: str) -> Any:
        """Return the section of a question."""
        return getattr(self.questions, question)

    def sections(self) -> Iterator[tuple[str, Section]]:
        """Yield every question that is asked with its section."""
        yield from ((name, section) for name, section in self.questions if section is not None)

    def candidates(self, setting: str) -> dict[str, tuple[Mix, ...]]:
        """Return the candidates of every variant that `setting` takes, without the baselines.

        All are those whose methods find in its network what they act on.
        """
        chosen = self.settings[setting]
        offers = chosen.network.network.OFFERS
        every = [name for name, (mix, *_) in self.variants.items() if mix.needs <= offers]
        names = every if chosen.variants == "all" else chosen.variants
        return {name: chosen.overrides.get(name, self.variants[name]) for name in names}

    def draws(self) -> dict[str, tuple[Setting, int]]:
        """Return every condition that needs data, and how many training sets it has to choose on."""
        drawn = {
            name: (setting, self.tuning.splits if setting.validation_size else 0)
            for name, setting in self.settings.items()
        }
        for _, section in self.sections():
            drawn |= section.drawn(self)
        return drawn

    def sources(self) -> list[str]:
        """Return the sources of images that are used, each once."""
        return list(dict.fromkeys(setting.data for setting, _ in self.draws().values()))

    def held_out(self, source: str) -> int:
        """Return how many training images of a source are held out: none where no condition validates."""
        validates = (s.validation_size for s, _ in self.draws().values() if s.data == source)
        return self.data.validation if any(validates) else 0

    def pool(self, setting: Setting, images: int) -> int:
        """Return how many of the training images a setting may draw from."""
        return images - (self.data.validation if setting.validation_size else 0)

    def most_sets(self, setting: Setting, trials: int) -> float:
        """Return how many training sets to report the images allow, beside those to choose on.

        Infinite where the number of images is known only when they are read.
        """
        if setting.images is None:
            return math.inf
        chosen_on = trials if setting.validation_size else 0
        return self.pool(setting, setting.images) // setting.train_size - chosen_on

    def families(self) -> dict[str, str]:
        """Return the family of every variant, "combination" for a mix of families; the baseline first."""
        families = {BASELINE: BASELINE, TUNED_BASELINE: BASELINE}
        for name, mixes in self.variants.items():
            kinds = {regularizer.family for mix in mixes for regularizer in mix.regularizers.values()}
            families[name] = kinds.pop() if len(kinds) == 1 else "combination"
        return families
