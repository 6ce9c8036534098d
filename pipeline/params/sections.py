"""What the sections of `params.yaml` are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from pipeline.params.studied import Studied

if TYPE_CHECKING:
    from pipeline.params.models import Params, Setting

Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
Draws = Annotated[int, Field(ge=3)]  # training sets: the jackknife over fewer shows no spread
# A name becomes a folder, a stage and a tag.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


def _different(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise PydanticCustomError("names", "names that differ")
    return names


Names = Annotated[list[Name], Field(min_length=1), AfterValidator(_different)]


class Strict(BaseModel):
    """A section of the file: no unknown key, no silent conversion, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Section(Strict):
    """The section of a question in `params.yaml`: its fields are its keys; its hooks check and enlarge it.

    A hook does nothing until a question overrides it.
    """

    SETTINGS: ClassVar[tuple[str, ...]] = ()  # the fields that name settings, one or several
    VARIANTS: ClassVar[tuple[str, ...]] = ()  # the fields that name variants, one or several
    FEW: ClassVar[int] = 1  # how many of these variants a first look at toy size keeps
    FEW_SETTINGS: ClassVar[int] = 1  # and how many of these settings

    def named(self, field: str) -> list[str]:
        """Return the names in a field that holds one or several."""
        value = getattr(self, field)
        return [value] if isinstance(value, str) else list(value)

    def faults(self, params: Params) -> Iterator[str]:
        """Yield what is wrong with the section in these parameters, as `field: expected ..., received ...`.

        Its names are known to exist: that is checked before.
        """
        yield from ()

    def reads(self, params: Params) -> Sequence[str]:
        """Return the stages whose runs the question looks at: by default all."""
        return params.stages

    def drawn(self, params: Params) -> dict[str, tuple[Setting, int]]:
        """Return the conditions that need training sets of their own, by name.

        Each is a setting, and its number of training sets to choose on, beyond those it reports.
        """
        return {}

    def trained(self, params: Params) -> dict[str, Setting]:
        """Return the settings with another network that it trains, by the network's place in the section."""
        return {}

    def enlarged(self, params: Params) -> Self:
        """Return the section with `params.scale` times the replicates; the settings are enlarged already."""
        return self

    @classmethod
    def toy(cls, section: dict[str, Any], content: dict[str, Any]) -> None:
        """Shrink the section to toy size in place, as it stands in the file.

        `content` is the whole file, whose settings and variants are shrunk already.
        """

    @classmethod
    def fit(cls, section: dict[str, Any], content: dict[str, Any], studied: Studied) -> None:
        """Fit the section to a study of the user's own data in place, as it stands in the file.

        `content` is the whole file, whose settings are fitted already. So are the names of settings and
        variants in the section, and its `splits`.
        """
