"""The only reader of `params.yaml`: typed, frozen, strict, and checked as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.errors import UserError
from pipeline.regularizers import Regularizer, discover

BASELINE = "baseline"
POOL = 60_000  # MNIST's training images

Count = Annotated[int, Field(ge=1)]
# A name becomes a folder, a stage and a tag.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


class Strict(BaseModel):
    """A section of the file: no unknown key, no silent conversion, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


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


class Data(Strict):
    """What is held out, once for all settings."""

    validation: Annotated[int, Field(ge=0, le=POOL)]
    seed: int


class Optimizer(Strict):
    """Adam (Kingma & Ba 2015), or SGD with classical momentum."""

    name: Literal["adam", "sgd"]
    learning_rate: Annotated[float, Field(gt=0)]
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0


class Setting(Strict):
    """Conditions under which the variants are compared."""

    train_size: Count
    validation_size: Annotated[int, Field(ge=0)]
    hidden: Annotated[list[Count], Field(min_length=1)]
    activation: Literal["relu", "tanh", "sigmoid", "elu", "gelu"]
    optimizer: Optimizer
    epochs: Count
    batch_size: Count
    label_noise: Annotated[float, Field(ge=0, lt=1)]
    splits: Count
    inits: Count
    seed: int
    variants: Literal["all"] | Annotated[list[Name], Field(min_length=1)]
    overrides: dict[Name, RegularizerMix]


class Params(Strict):
    """The whole file."""

    data: Data
    settings: Annotated[dict[Name, Setting], Field(min_length=1)]
    variants: Annotated[dict[Name, RegularizerMix], Field(min_length=1)]

    def mixes(self, setting: str) -> dict[str, Mix]:
        """Return the regularizers of every variant that `setting` takes; the baseline first."""
        chosen = self.settings[setting]
        names = self.variants if chosen.variants == "all" else chosen.variants
        return {BASELINE: RegularizerMix()} | {
            name: chosen.overrides.get(name, self.variants[name]) for name in names
        }

    def families(self) -> dict[str, str]:
        """Return the family of every variant, "combination" for a mix of families; the baseline first."""
        found = {BASELINE: BASELINE}
        for name, mix in self.variants.items():
            kinds = {regularizer.family for regularizer in mix.regularizers.values()}
            found[name] = kinds.pop() if len(kinds) == 1 else "combination"
        return found


def load(path: Path) -> Params:
    """Read and check `path`. Raises UserError with a line for every fault, all at once."""
    try:
        raw = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name}: expected a readable file, received {error}") from error
    except YAMLError as error:
        place = " ".join(str(error).split())
        raise UserError(f"{path.name}: expected YAML, received {place}") from error
    if not isinstance(raw, Mapping):
        raise UserError(f"{path.name}: expected a mapping of sections, received {raw!r}")
    return check(raw, path.name)


def check(raw: Mapping[str, Any], source: str = "params.yaml") -> Params:
    """Check the whole of an already parsed file. Raises UserError with a line for every fault."""
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        faults = list(dict.fromkeys(_line(fault) for fault in error.errors()))
    else:
        faults = [fault for name in params.settings for fault in _contradictions(params, name)]
        if BASELINE in params.variants:
            faults.append("variants.baseline: expected another name, for the baseline is the empty mix")
        if not faults:
            return params
    raise UserError("\n".join(f"{source}: {fault}" for fault in faults))


def _line(fault: Mapping[str, Any]) -> str:
    """Say one fault as `path: expected ..., received ...`."""
    # The tail names the arms of a union or the key of a mapping, which is not the user's wording.
    steps = [str(step) for step in fault["loc"] if not str(step).startswith(("literal[", "list["))]
    path = ".".join(step for step in steps if step != "[key]")
    if fault["type"] == "missing":
        return f"{path}: expected a value, received nothing"
    if fault["type"] == "extra_forbidden":
        parent = _section(steps[:-1])
        return f"{path}: unknown key, expected one of {', '.join(parent)}"
    if fault["type"] == "string_pattern_mismatch":
        return f"{path}: expected a name of a-z, 0-9 and _, received {fault['input']!r}"
    wanted = fault["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return f"{path}: expected {wanted}, received {fault['input']!r}"


def _section(steps: list[str]) -> list[str]:
    """Return the valid keys of the section at `steps`."""
    match steps:
        case []:
            return list(Params.model_fields)
        case ["data"]:
            return list(Data.model_fields)
        case ["settings", _]:
            return list(Setting.model_fields)
        case ["settings", _, "optimizer"]:
            return list(Optimizer.model_fields)
        case [*_, regularizer] if regularizer in discover() and len(steps) in (3, 5):
            return list(discover()[regularizer].model_fields)
        case _:
            return list(discover())


def _contradictions(params: Params, name: str) -> Iterator[str]:
    """Say what is valid by itself and impossible together."""
    setting, at = params.settings[name], f"settings.{name}"
    listed = params.variants if setting.variants == "all" else setting.variants
    unknown = [variant for variant in listed if variant not in params.variants]
    for variant in unknown:
        yield f"{at}.variants: expected names among {', '.join(params.variants)}, received {variant!r}"
    for variant in setting.overrides:
        if variant not in listed:
            yield f"{at}.overrides.{variant}: expected a variant that the setting lists"
    pool = POOL - (params.data.validation if setting.validation_size else 0)
    wanted = setting.splits * setting.train_size
    if wanted > pool:
        yield (
            f"{at}.train_size: expected splits x train_size of at most {pool} images, "
            f"received {setting.splits} x {setting.train_size} = {wanted}"
        )
    if setting.validation_size > params.data.validation:
        yield (
            f"{at}.validation_size: expected at most data.validation = {params.data.validation}, "
            f"received {setting.validation_size}"
        )
    if setting.batch_size > setting.train_size:
        yield (
            f"{at}.batch_size: expected at most train_size = {setting.train_size}, "
            f"received {setting.batch_size}"
        )
    if setting.splits == 2:
        yield (
            f"{at}.splits: expected 1 or at least 3, received 2: the jackknife over two training sets "
            "leaves one, which shows no spread between them"
        )
    elif setting.splits * setting.inits < 3:
        yield (
            f"{at}.inits: expected at least 3 replicates (splits x inits) for an interval, "
            f"received {setting.splits} x {setting.inits}"
        )
    if not setting.validation_size and not unknown:
        for variant, mix in params.mixes(name).items():
            if "early_stopping" in mix.regularizers:
                yield (
                    f"{at}.validation_size: expected at least 1 for {variant}, which stops on "
                    "validation data, received 0"
                )
