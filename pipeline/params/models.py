"""The sections of `params.yaml`: typed, frozen, strict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, create_model
from pydantic_core import PydanticCustomError

from pipeline.params.probes import TRAINED, Probes
from pipeline.params.sections import Activation, Count, Name, Names, Rate, Strict
from pipeline.regularizers import Regularizer, discover

BASELINE = "baseline"
TUNED_BASELINE = "tuned_baseline"
MNIST = "mnist"
POOL = 60_000  # its training images
OWN = "datasets"  # the folder for data of one's own: the stage that reads them depends on it


class Mix(Strict):
    """The regularizers of one variant: a field for each one discovered, the absent ones None."""

    @property
    def regularizers(self) -> dict[str, Regularizer]:
        """Return the regularizers that are present, by name, in alphabetical order."""
        return {name: value for name, value in sorted(self) if value is not None}


if TYPE_CHECKING:
    RegularizerMix = Mix
else:
    # Made from what is found, so that an unknown regularizer, or an unknown key of one, is reported
    # like any other wrong key, with its path.
    RegularizerMix = create_model(
        "RegularizerMix", __base__=Mix, **{name: (kind, None) for name, kind in discover().items()}
    )


def _candidates(raw: Any) -> Any:
    """Return a mix a candidate: a field with a list of n values makes n, lists are walked together."""
    if not isinstance(raw, Mapping):
        return (raw,)
    fields = [field for part in raw.values() if isinstance(part, Mapping) for field in part.values()]
    counts = {len(field) for field in fields if isinstance(field, list)}
    if not counts:
        return (raw,)
    if len(counts) > 1 or 0 in counts:
        raise PydanticCustomError("candidates", "lists of one length, a value a candidate")
    return tuple({name: _at(part, number) for name, part in raw.items()} for number in range(counts.pop()))


def _at(value: Any, number: int) -> Any:
    if isinstance(value, Mapping):
        return {key: _at(field, number) for key, field in value.items()}
    return value[number] if isinstance(value, list) else value


Candidates = Annotated[tuple[RegularizerMix, ...], BeforeValidator(_candidates)]


def _source(value: str) -> str:
    folder, *inside = PurePosixPath(value).parts or ("",)
    if value != MNIST and (folder != OWN or not inside or ".." in inside):
        raise PydanticCustomError("source", f"{MNIST} or a path in {OWN}/")
    return value


class Data(Strict):
    """Where the images come from, and what is held out, once for all settings."""

    source: Annotated[str, AfterValidator(_source)] = MNIST
    validation: Annotated[int, Field(ge=0)]
    seed: int

    @property
    def images(self) -> int | None:
        """Return the number of training images; None where it is known only when they are read."""
        return POOL if self.source == MNIST else None


class Optimizer(Strict):
    """Adam (Kingma & Ba 2015), or SGD with classical momentum."""

    name: Literal["adam", "sgd"]
    learning_rate: Rate
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0


class Setting(Strict):
    """Conditions under which the variants are compared."""

    train_size: Count
    validation_size: Annotated[int, Field(ge=0)]
    hidden: Annotated[list[Count], Field(min_length=1)]
    activation: Activation
    optimizer: Optimizer
    epochs: Count
    batch_size: Count
    label_noise: Annotated[float, Field(ge=0, lt=1)]
    splits: Count
    inits: Count
    seed: int
    variants: Literal["all"] | Names
    overrides: dict[Name, Candidates]


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
    """

    scale: Count
    data: Data
    tuning: Tuning
    settings: Annotated[dict[Name, Setting], Field(min_length=1)]
    variants: Annotated[dict[Name, Candidates], Field(min_length=1)]
    probes: Probes

    @property
    def parts(self) -> list[str]:
        """Return the parts of the study, each trained by a stage of its own, in their order."""
        return [BASELINE, TUNED_BASELINE, *self.variants, *TRAINED]

    def candidates(self, setting: str) -> dict[str, tuple[Mix, ...]]:
        """Return the candidates of every variant that `setting` takes, without the baselines."""
        chosen = self.settings[setting]
        names = self.variants if chosen.variants == "all" else chosen.variants
        return {name: chosen.overrides.get(name, self.variants[name]) for name in names}

    def map_settings(self) -> dict[str, Setting]:
        """Return the cells of the map as settings: what each changes of the one they start from."""
        probe = self.probes.map
        base = self.settings[probe.settings[0]]
        same = {"splits": probe.splits, "inits": 1, "overrides": {}, "variants": probe.variants}
        return {
            name: base.model_copy(update=same | changes.model_dump(exclude_none=True))
            for name, changes in probe.cells.items()
        }

    def draws(self) -> dict[str, tuple[Setting, int]]:
        """Return every setting that needs data, with its number of training sets: reported, then tuned on."""
        own = {
            name: (setting, setting.splits + (self.tuning.splits if setting.validation_size else 0))
            for name, setting in self.settings.items()
        }
        mapped = self.map_settings().items()
        return own | {name: (cell, cell.splits + self.probes.map.trials) for name, cell in mapped}

    def families(self) -> dict[str, str]:
        """Return the family of every variant, "combination" for a mix of families; the baseline first."""
        found = {BASELINE: BASELINE, TUNED_BASELINE: BASELINE}
        for name, mixes in self.variants.items():
            kinds = {part.family for mix in mixes for part in mix.regularizers.values()}
            found[name] = kinds.pop() if len(kinds) == 1 else "combination"
        return found
