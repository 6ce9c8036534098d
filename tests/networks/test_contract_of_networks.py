"""What every network must do: one contract for every file in `pipeline/networks/`."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.datasets.prepared import Replicate
from pipeline.networks import Network, discover
from pipeline.plan import Run
from pipeline.regularizers import Regularizer
from pipeline.regularizers.base import ACTS_ON
from pipeline.training import models
from pipeline.training.trainer import train
from tests.asking import dense

MakeRun = Callable[..., Run]
FOUND = discover()
SHAPES = [(28, 28), (16, 20, 3)]
EXAMPLES: dict[str, dict[str, Any]] = {
    **dense(6, 4),
    "conv": {"filters": [2, 3], "kernel": 3, "dense": 4, "activation": "relu"},
}

every = pytest.mark.parametrize("name", FOUND)


def example(name: str) -> Network:
    return FOUND[name](**EXAMPLES[name])


class Everywhere(Regularizer):
    """Acts by every hook, with layers and penalties that are seen in the network."""

    family = "probe"

    def kernel_penalty(self) -> keras.Regularizer:
        return keras.regularizers.L2(0.5)

    def kernel_constraint(self, rank: int) -> keras.constraints.Constraint:
        return keras.constraints.MaxNorm(rank, axis=list(range(rank - 1)))

    def input_layers(self, seed: Callable[[str], int]) -> list[keras.Layer]:
        return [keras.layers.Identity(name="at_input")]

    def before_activation(self, hidden: str, seed: Callable[[str], int]) -> list[keras.Layer]:
        return [keras.layers.Identity(name=f"before_{hidden}")]

    def after_activation(self, hidden: str, seed: Callable[[str], int]) -> list[keras.Layer]:
        return [keras.layers.Identity(name=f"after_{hidden}")]

    def after_maps(self, hidden: str, seed: Callable[[str], int]) -> list[keras.Layer]:
        return [keras.layers.Identity(name=f"maps_{hidden}")]


def built(run: Run, shape: tuple[int, ...], *methods: Regularizer) -> keras.Model:
    return models.build(run, methods, shape, 5)


def test_every_file_is_found_and_nothing_else(repository: Path) -> None:
    files = {file.stem for file in (repository / "pipeline" / "networks").glob("*.py")}
    assert list(FOUND) == sorted(files - {"__init__", "base", "layers"})
    assert EXAMPLES.keys() == FOUND.keys()


@every
def test_it_says_what_it_is(name: str) -> None:
    module = inspect.getmodule(FOUND[name])
    assert module is not None
    assert module.__doc__
    assert FOUND[name].__doc__
    assert EXAMPLES[name]["activation"] in example(name).described


@every
def test_it_is_frozen_and_strict(name: str) -> None:
    network = example(name)
    for field in EXAMPLES[name]:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(network, field, None)
    with pytest.raises(ValidationError, match="Extra inputs"):
        FOUND[name](**EXAMPLES[name] | {"power": 1})


@every
def test_it_offers_only_what_methods_act_on(name: str) -> None:
    assert set(ACTS_ON.values()) >= FOUND[name].OFFERS


@every
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_takes_images_and_gives_logits(tiny_run: MakeRun, name: str, shape: tuple[int, ...]) -> None:
    model = built(tiny_run(network={name: EXAMPLES[name]}), shape)
    assert list(example(name).faults(shape)) == []
    images = np.random.default_rng(0).random((3, *shape), np.float32)
    logits = model(images).numpy()
    assert logits.shape == (3, 5)
    assert np.isfinite(logits).all()
    kernels = [layer for layer in model.layers if hasattr(layer, "kernel")]
    assert len(kernels) == example(name).depth + 1
    assert len({layer.kernel_initializer.seed for layer in kernels}) == len(kernels)


@every
def test_methods_act_on_what_it_offers(tiny_run: MakeRun, name: str) -> None:
    """Every hidden layer is penalised, bounded and acted on once; the logits are penalised alone."""
    model = built(tiny_run(network={name: EXAMPLES[name]}), (28, 28), Everywhere())
    *hidden, logits = [layer for layer in model.layers if hasattr(layer, "kernel")]
    assert (logits.name, logits.kernel_constraint) == ("logits", None)
    for layer in (*hidden, logits):
        assert float(layer.kernel_regularizer(np.ones((2, 3), np.float32))) == 3.0
    for layer in hidden:
        assert layer.kernel_constraint.max_value == len(layer.kernel.shape)
    names = [layer.name for layer in model.layers]
    wanted = {"input": ["at_input"]} | {
        offer: [f"{place}_{layer.name}" for layer in hidden for place in places]
        for offer, places in {"activations": ("before", "after")}.items()
    }
    wanted["maps"] = [f"maps_{layer.name}" for layer in hidden if len(layer.kernel.shape) == 4]
    assert bool(wanted["maps"]) == ("maps" in FOUND[name].OFFERS)
    for offer in FOUND[name].OFFERS - {"kernels"}:
        assert [names.count(layer) for layer in wanted[offer]] == [1] * len(wanted[offer])


@every
def test_a_restored_network_predicts_what_the_run_did(
    tiny_run: MakeRun, tiny_data: Replicate, tmp_path: Path, name: str
) -> None:
    run = tiny_run(network={name: EXAMPLES[name]}, epochs=1)
    result = train(run, tiny_data)
    model = models.restore(run, result.weights, (28, 28), 10)
    images = tiny_data.test_images.astype(np.float32) / 255
    assert np.allclose(model(images), result.logits, rtol=0, atol=1e-5)
    model.save(tmp_path / "model.keras")  # and again by plain Keras, without our code
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded(images).numpy(), model(images).numpy())


@every
def test_the_same_run_gives_the_same_bits(tiny_run: MakeRun, tiny_data: Replicate, name: str) -> None:
    run = tiny_run(network={name: EXAMPLES[name]}, epochs=1)
    first = train(run, tiny_data)
    train(run.model_copy(update={"init_seed": 7, "order_seed": 8}), tiny_data)  # on the same graph
    assert np.array_equal(train(run, tiny_data).logits, first.logits)
