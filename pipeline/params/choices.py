"""What `params.yaml` chooses from what is found in folders: a variant's methods, a setting's network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, create_model, model_validator
from pydantic_core import PydanticCustomError

from pipeline import networks
from pipeline.networks import Network
from pipeline.params.sections import Strict
from pipeline.regularizers import Regularizer, discover


class Mix(Strict):
    """The regularizers of one variant: a field for each one discovered, the absent ones None."""

    @property
    def regularizers(self) -> dict[str, Regularizer]:
        """Return the regularizers that are present, by name, in alphabetical order."""
        return {name: value for name, value in sorted(self) if value is not None}

    @property
    def needs(self) -> set[str]:
        """Return what a network must offer for them to act on."""
        return {offer for regularizer in self.regularizers.values() for offer in regularizer.needs()}


if TYPE_CHECKING:
    RegularizerMix = Mix
else:
    # Made from what is found, so that an unknown regularizer, or an unknown key of one, is reported
    # like any other wrong key, with its path.
    RegularizerMix = create_model(
        "RegularizerMix", __base__=Mix, **{name: (kind, None) for name, kind in discover().items()}
    )


class Architecture(Strict):
    """A network by its name: a field for each one discovered, of which one is given."""

    @property
    def name(self) -> str:
        """Return the name of the network."""
        return next(name for name, network in self if network is not None)

    @property
    def network(self) -> Network:
        """Return the network itself."""
        network: Network = getattr(self, self.name)
        return network

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(network is not None for _, network in self) != 1:
            raise PydanticCustomError("network", "one network of {names}", {"names": ", ".join(NETWORKS)})
        return self


NETWORKS = networks.discover()
if TYPE_CHECKING:
    AnyNetwork = Architecture
else:
    AnyNetwork = create_model(
        "AnyNetwork", __base__=Architecture, **{name: (kind, None) for name, kind in NETWORKS.items()}
    )


def _candidates(raw: Any) -> Any:
    """Return a mix a candidate: a field with a list of n values makes n, lists are walked together."""
    if not isinstance(raw, Mapping):
        return (raw,)
    fields = [field for keys in raw.values() if isinstance(keys, Mapping) for field in keys.values()]
    counts = {len(field) for field in fields if isinstance(field, list)}
    if not counts:
        return (raw,)
    if len(counts) > 1 or 0 in counts:
        raise PydanticCustomError("candidates", "lists of one length, a value a candidate")
    return tuple({name: _at(keys, number) for name, keys in raw.items()} for number in range(counts.pop()))


def _at(keys: Any, number: int) -> Any:
    if not isinstance(keys, Mapping):  # a fault, which is reported as it stands in the file
        return keys
    return {key: field[number] if isinstance(field, list) else field for key, field in keys.items()}


Candidates = Annotated[tuple[RegularizerMix, ...], BeforeValidator(_candidates)]
