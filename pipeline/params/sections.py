"""What the sections of `params.yaml` are made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
# A name becomes a folder, a stage and a tag.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Activation = Literal["relu", "tanh", "sigmoid", "elu", "gelu"]


def _different(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise PydanticCustomError("names", "names that differ")
    return names


Names = Annotated[list[Name], Field(min_length=1), AfterValidator(_different)]


class Strict(BaseModel):
    """A section of the file: no unknown key, no silent conversion, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
