"""Its section of `params.yaml`: the methods, and the conditions under which they are compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from pipeline.params import AnyNetwork, Params, Setting
from pipeline.params.sections import Count, Draws, Name, Names, Section, Strict
from pipeline.params.studied import Studied, batch_size
from pipeline.params.toy import CANDIDATES, LIMITS
from pipeline.system.errors import unknown

TOY_CONDITIONS = 3  # those that still differ
DEEP = 4  # hidden layers
FEWEST = 25  # images of a training set, where they are fewer than the study's


class Changes(Strict):
    """What a condition changes of the setting that it starts from."""

    train_size: Count | None = None
    validation_size: Count | None = None
    network: AnyNetwork | None = None
    label_noise: Annotated[float, Field(ge=0, lt=1)] | None = None
    distractors: Annotated[float, Field(ge=0, le=1)] | None = None
    epochs: Count | None = None
    batch_size: Count | None = None
    splits: Draws | None = None
    variants: Names | None = None  # those of the section that are compared there; all where nothing is said

    @property
    def given(self) -> dict[str, Any]:
        """Return what is changed, by its name."""
        return {name: value for name, value in self if value is not None}


class Settings(Section):
    """The baselines and these variants under every condition.

    `settings` are trained by the study anyway, and are looked at with all the variants that they have. The
    `conditions` start from the first of them. There a variant with several candidates, and the tuned
    baseline, choose among those at the positions `candidates`, by the validation loss on `trials` training
    sets of their own.
    """

    SETTINGS: ClassVar[tuple[str, ...]] = ("settings",)
    VARIANTS: ClassVar[tuple[str, ...]] = ("variants",)
    FEW: ClassVar[int] = 2
    settings: Names
    variants: Names
    candidates: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    trials: Count
    splits: Draws
    conditions: Annotated[dict[Name, Changes], Field(min_length=1)]

    def drawn(self, params: Params) -> dict[str, tuple[Setting, int]]:
        """Return the conditions as settings, each with its number of training sets to choose on."""
        start = params.settings[self.settings[0]]
        same = {"splits": self.splits, "inits": 1, "overrides": {}, "variants": self.variants}
        return {
            name: (start.model_copy(update=same | changes.given), self.trials)
            for name, changes in self.conditions.items()
        }

    def faults(self, params: Params) -> Iterator[str]:
        """Yield what the settings, the variants or the conditions cannot do."""
        for name in self.conditions:
            if name in params.settings:
                yield f"conditions.{name}: expected another name, for a setting is called so"
        for name in self.settings:
            if not params.settings[name].validation_size:
                yield f"settings: expected settings that hold images out, received {name!r}"
            if params.settings[name].splits == 1:
                yield f"settings: expected settings of several training sets, received {name!r}"
        start, count = self.settings[0], len(params.tuning.baseline.epochs)
        for variant in self.variants:
            if variant not in params.candidates(start):
                yield f"variants: expected variants that {start} takes, received {variant!r}"
        beyond = [number for number in self.candidates if number >= count]
        if beyond:
            yield (
                f"candidates: expected positions below {count}, the candidates in tuning.baseline, "
                f"received {beyond[0]}"
            )
        for name, changes in self.conditions.items():
            yield from self._of_condition(params, name, changes)

    def _of_condition(self, params: Params, name: str, changes: Changes) -> Iterator[str]:
        strange = [variant for variant in changes.variants or () if variant not in self.variants]
        for variant in strange:
            yield f"conditions.{name}.variants: {unknown(variant, self.variants)}"
        held = changes.validation_size or 0
        if held > params.data.validation:
            yield (
                f"conditions.{name}.validation_size: expected at most data.validation = "
                f"{params.data.validation}, received {held}"
            )
        network = changes.network or params.settings[self.settings[0]].network
        for variant in changes.variants or self.variants:
            needed = set() if variant in strange else params.variants[variant][0].needs
            if missing := needed - network.network.OFFERS:
                yield (
                    f"conditions.{name}.network: expected one that offers {' and '.join(sorted(missing))}, "
                    f"which {variant} needs, received {network.name}"
                )

    def enlarged(self, params: Params) -> Self:
        """Return more training sets of every condition, as far as the images go."""
        conditions = {}
        for name, (setting, trials) in self.drawn(params).items():
            splits = int(min(setting.splits * params.scale, params.most_sets(setting, trials)))
            conditions[name] = self.conditions[name].model_copy(update={"splits": splits})
        return self.model_copy(update={"conditions": conditions})

    @classmethod
    def toy(cls, section: dict[str, Any], content: dict[str, Any]) -> None:
        """Leave a few candidates, and a few conditions that still differ."""
        positions = section["candidates"]
        del positions[CANDIDATES:]
        positions[:] = range(len(positions))
        section["splits"] = min(section["splits"], LIMITS["splits"])
        conditions, kept = section["conditions"], set[str]()
        for changes in conditions.values():
            if "variants" in changes:
                left = [name for name in changes["variants"] if name in section["variants"]]
                changes["variants"][:] = left or section["variants"][:1]
        different = [dict(content["settings"][section["settings"][0]]) | {"splits": section["splits"]}]
        for name, changes in conditions.items():
            for field, limit in LIMITS.items():
                if field in changes:
                    changes[field] = min(changes[field], limit)
            changed = different[0] | changes
            if changed not in different and len(kept) < TOY_CONDITIONS:
                different.append(changed)
                kept.add(name)
        for name in [name for name in conditions if name not in kept]:
            del conditions[name]

    @classmethod
    def fit(cls, section: dict[str, Any], content: dict[str, Any], studied: Studied) -> None:
        """Write conditions that the images allow: fewer and more of them, other widths and depths."""
        start = content["settings"][section["settings"][0]]
        units, *_ = start["network"]["dense"]["hidden"]
        activation = start["network"]["dense"]["activation"]
        few, more = max(studied.train_size // 4, FEWEST), 4 * studied.train_size
        narrow, wide, deep, large = (
            {"network": {"dense": {"hidden": hidden, "activation": activation}}}
            for hidden in ([units // 4], [4 * units], [units] * DEEP, [4 * units] * DEEP)
        )
        conditions: dict[str, dict[str, Any]] = {
            f"n{few}": {"train_size": few, "batch_size": batch_size(few)},
            "wide": wide,
            "narrow": narrow,
            f"n{more}": {
                "train_size": more,
                "batch_size": batch_size(more),
                "epochs": max(start["epochs"] // 2, 1),
            },
            "deep": deep,
            "large": large,
        }
        sets = section["splits"] + section["trials"]
        if more * sets > studied.pool:
            del conditions[f"n{more}"]
        written = section["conditions"]
        written.clear()
        free = [name for name in conditions if name not in content["settings"]]
        for name in free[: studied.most]:
            written[name] = conditions[name]
