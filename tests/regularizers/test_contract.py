"""The contract of a regularizer, held to every one that is found; a new one is tested by being there."""

import functools
import inspect
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError

from pipeline import questions
from pipeline.datasets.prepared import Replicate
from pipeline.plan import Run
from pipeline.records import Result
from pipeline.regularizers import Regularizer, discover
from pipeline.training import models, trainer
from pipeline.training.trainer import train
from tests.asking import dense
from tests.regularizers import building

MakeRun = Callable[..., Run]
FOUND = discover()
DECLARED = questions.load(Path(__file__).parents[2] / "params.yaml").variants
# Of methods whose fields give none, where no variant has them: in a study with fewer of these.
EXAMPLES: dict[str, dict[str, Any]] = {
    "batch_norm": {"momentum": 0.9},
    "dropout": {"rate": 0.5},
    "early_stopping": {"patience": 5},
    "gaussian_noise": {"stddev": 0.3},
    "l1": {"strength": 1e-3},
    "l2": {"strength": 1e-3},
    "label_smoothing": {"smoothing": 0.1},
    "max_norm": {"limit": 1.0},
    "weight_decay": {"rate": 1.0},
}
LAYER_HOOKS = ("input_layers", "before_activation", "after_activation", "after_maps")
NETWORKS = {
    "dense": dense(16),
    "maps": {"conv": {"filters": [4], "kernel": 3, "dense": 16, "activation": "relu"}},
}

every = pytest.mark.parametrize("name", FOUND)


def example(name: str) -> Regularizer:
    """The regularizer as the first variant has it, or else with the examples that its fields give."""
    for mix, *_ in DECLARED.values():
        if name in mix.regularizers:
            return mix.regularizers[name]
    fields = FOUND[name].model_fields.items()
    given = {field: info.examples[0] for field, info in fields if info.is_required() and info.examples}
    return FOUND[name](**EXAMPLES.get(name, {}) | given)


def network(name: str) -> dict[str, Any]:
    """A small network that offers what the method needs."""
    return NETWORKS["maps" if "maps" in FOUND[name].needs() else "dense"]


def options() -> Iterator[Any]:
    """Every regularizer with its options off, and with each of them on."""
    for name, kind in FOUND.items():
        values = example(name).model_dump()
        yield pytest.param(name, values, id=name)
        for field, info in kind.model_fields.items():
            if info.annotation is bool:
                yield pytest.param(name, values | {field: True}, id=f"{name}-{field}")


every_option = pytest.mark.parametrize(("name", "values"), list(options()))


def layers(regularizer: Regularizer, hidden: str, seed: Callable[[str], int]) -> list[keras.Layer]:
    return [
        *regularizer.batch_layers(seed),
        *regularizer.input_layers(seed),
        *regularizer.before_activation(hidden, seed),
        *regularizer.after_activation(hidden, seed),
        *regularizer.after_maps(hidden, seed),
    ]


# ---- the file and its fields ----


def test_every_file_is_found_and_nothing_else(repository: Path) -> None:
    files = {file.stem for file in (repository / "pipeline" / "regularizers").glob("*.py")}
    assert list(FOUND) == sorted(files - {"__init__", "base"})


@every
def test_a_variant_or_its_fields_show_it(name: str) -> None:
    assert type(example(name)) is FOUND[name]


@every
def test_it_says_what_it_does(name: str) -> None:
    module = inspect.getmodule(FOUND[name])
    assert module is not None
    for text in (module.__doc__, FOUND[name].__doc__):
        assert text
        assert text.splitlines()[0].endswith(".")
    assert FOUND[name].family


@every
def test_its_fields_are_numbers_between_bounds_without_default_and_options_that_are_off(name: str) -> None:
    assert any(field.annotation is not bool for field in FOUND[name].model_fields.values())
    for field in FOUND[name].model_fields.values():
        if field.annotation is bool:
            assert field.default is False
            continue
        assert field.annotation in (int, float)
        assert field.is_required()
        lower = [bound for bound in field.metadata if isinstance(bound, Gt | Ge)]
        assert lower, "a lower bound"


@every
def test_a_value_out_of_bounds_is_refused(name: str) -> None:
    fields = example(name).model_dump()
    for field, info in FOUND[name].model_fields.items():
        beyond: list[Any] = []
        for bound in info.metadata:
            match bound:
                case Gt(gt=limit) | Lt(lt=limit):
                    beyond.append(limit)
                case Ge(ge=limit):
                    beyond.append(limit - 1)  # type: ignore[operator]
                case Le(le=limit):
                    beyond.append(limit + 1)  # type: ignore[operator]
        for wrong in (*beyond, 1 if info.annotation is bool else True, "1", None, math.nan, math.inf):
            with pytest.raises(ValidationError):
                FOUND[name](**fields | {field: wrong})


@every
def test_it_is_frozen_and_strict(name: str) -> None:
    regularizer = example(name)
    field = next(iter(FOUND[name].model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(regularizer, field, getattr(regularizer, field))
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        FOUND[name](**regularizer.model_dump() | {"surplus": 1})


@every
def test_equal_values_make_equal_regularizers(name: str) -> None:
    assert FOUND[name](**example(name).model_dump()) == example(name)


# ---- the hooks ----


@every
def test_it_overrides_a_hook_and_adds_none(name: str) -> None:
    hooks = {hook for hook, member in vars(Regularizer).items() if inspect.isfunction(member)}
    defined = {hook for hook, member in vars(FOUND[name]).items() if inspect.isfunction(member)}
    public = {hook for hook in defined if not hook.startswith("_")}
    assert public
    assert public <= hooks
    for hook in public:
        assert inspect.signature(getattr(FOUND[name], hook)).parameters.keys() == (
            inspect.signature(getattr(Regularizer, hook)).parameters.keys()
        )


@every
def test_its_hooks_return_what_the_base_promises(name: str) -> None:
    regularizer = example(name)
    assert isinstance(regularizer.kernel_penalty(), keras.Regularizer | None)
    for rank in (2, 4):
        assert isinstance(regularizer.kernel_constraint(rank), keras.constraints.Constraint | None)
    assert isinstance(regularizer.loss(), keras.Loss | None)
    assert all(isinstance(layer, keras.Layer) for layer in layers(regularizer, "hidden_1", lambda _: 1))
    assert all(isinstance(callback, keras.callbacks.Callback) for callback in regularizer.callbacks())
    assert regularizer.adjust_optimizer(keras.optimizers.Adam()) is None  # type: ignore[func-returns-value]


@every
def test_every_call_gives_fresh_objects(name: str) -> None:
    regularizer = example(name)

    def made() -> list[Any]:
        return [*layers(regularizer, "hidden_1", lambda _: 1), *regularizer.callbacks()]

    first, second = made(), made()
    assert not {id(item) for item in first} & {id(item) for item in second}


@every
def test_layers_are_named_by_their_place_and_seeded_by_their_name(name: str) -> None:
    asked: list[str] = []

    def seed(layer: str) -> int:
        asked.append(layer)
        return 1

    regularizer = example(name)
    at_input = [*regularizer.batch_layers(seed), *regularizer.input_layers(seed)]
    in_first, in_second = (
        [
            *regularizer.before_activation(hidden, seed),
            *regularizer.after_activation(hidden, seed),
            *regularizer.after_maps(hidden, seed),
        ]
        for hidden in ("hidden_1", "hidden_2")
    )
    names = [layer.name for layer in (*at_input, *in_first, *in_second)]
    assert len(set(names)) == len(names)
    assert [layer.name.replace("hidden_1", "hidden_2") for layer in in_first] == [
        layer.name for layer in in_second
    ]
    assert set(asked) <= set(names)
    for layer in (*at_input, *in_first, *in_second):
        assert (layer.name in asked) == hasattr(layer, "seed")


# ---- training ----


@pytest.fixture(scope="module")
def trained(tiny_run: MakeRun, tiny_data: Replicate) -> Callable[..., Result]:
    """Train long and fast enough for 16 units to overfit 200 images."""

    def run(regularizers: dict[str, Any], **changes: Any) -> Result:
        optimizer = {"name": "adam", "learning_rate": 0.02}
        return train(
            tiny_run(regularizers=regularizers, optimizer=optimizer, epochs=30, **changes), tiny_data
        )

    return run


@pytest.fixture(scope="module")
def baseline(trained: Callable[..., Result]) -> Callable[[str], Result]:
    """Train a network without a method, once."""
    return functools.cache(lambda name: trained({}, network=network(name)))


@every_option
def test_its_effect_is_seen_in_the_weights(
    trained: Callable[..., Result], baseline: Callable[[str], Result], name: str, values: dict[str, Any]
) -> None:
    result = trained({name: values}, network=network(name))
    without = baseline(name)
    distance = np.abs(result.weights["hidden_1/kernel"] - without.weights["hidden_1/kernel"])
    assert distance.max() > 1e-3
    assert all(np.isfinite(array).all() for array in result.weights.values())
    assert result.final["train_error"] < 0.5  # and it still learns; guessing is wrong nine times of ten


@every_option
def test_the_seeds_alone_decide(trained: Callable[..., Result], name: str, values: dict[str, Any]) -> None:
    """Equal bits twice, on a new engine and on one that another run has used."""
    mix, same = {name: values}, {"network": network(name)}
    first = trained(mix, **same)
    trainer._engine.cache_clear()
    reseeded = trained(mix, noise_seed=99, **same)
    trained(mix, init_seed=99, order_seed=99, **same)
    repeated = trained(mix, **same)
    assert trainer._engine.cache_info().currsize == 1
    assert np.array_equal(first.logits, repeated.logits)
    for path, array in first.weights.items():
        assert np.array_equal(array, repeated.weights[path]), path
    for score, curve in first.history.items():
        assert np.array_equal(curve, repeated.history[score]), score
    active = models.regularizers(first.run)
    in_training = [*building.network(first.run).layers, *models.batch_layers(first.run, active)]
    random = any(hasattr(layer, "seed") for layer in in_training)
    assert np.array_equal(first.logits, reseeded.logits) is not random


@every
def test_inference_is_deterministic(tiny_run: MakeRun, tiny_data: Replicate, name: str) -> None:
    model = building.network(tiny_run(network=network(name), regularizers={name: example(name).model_dump()}))
    images = tiny_data.test_images.astype(np.float32) / 255
    assert np.array_equal(model(images).numpy(), model(images).numpy())


@every_option
def test_a_restored_network_needs_no_code_of_ours(
    tiny_run: MakeRun, tiny_data: Replicate, tmp_path: Path, name: str, values: dict[str, Any]
) -> None:
    result = train(tiny_run(network=network(name), regularizers={name: values}), tiny_data)
    images = tiny_data.test_images.astype(np.float32) / 255
    model = models.restore(result.run, result.weights, building.SHAPE, building.CLASSES)
    # Eager or in a graph: float32 sums of 784 terms may differ in their last digit.
    assert np.allclose(model(images), result.logits, rtol=0, atol=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded(images).numpy(), model(images).numpy())
