"""From a run to its network: the architecture asked for, and initial weights that variants share."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from pipeline import questions
from pipeline.datasets.prepared import Replicate
from pipeline.plan import Run
from pipeline.regularizers import Regularizer
from pipeline.training import models
from pipeline.training.trainer import train
from tests.asking import dense

MakeRun = Callable[..., Run]
SHAPE = (28, 28)
MIXES = {
    name: {part: regularizer.model_dump() for part, regularizer in mixes[0].regularizers.items()}
    for name, mixes in questions.load(Path(__file__).parents[2] / "params.yaml").variants.items()
}


def build(run: Run, classes: int = 10) -> keras.Model:
    """The network of a run, with the regularizers that it names."""
    return models.build(run, models.regularizers(run), SHAPE, classes)


def optimizer(run: Run) -> keras.Optimizer:
    return models.optimizer(run, models.regularizers(run))


def weights(model: keras.Model) -> dict[str, np.ndarray]:
    return {models.weight_name(variable): variable.numpy() for variable in model.weights}


def layers(model: keras.Model) -> list[tuple[str, str]]:
    return [(type(layer).__name__, layer.name) for layer in model.layers if layer.name != "images"]


def test_the_textbook_program_has_its_101_770_parameters(tiny_run: MakeRun) -> None:
    assert build(tiny_run(network=dense(128))).count_params() == 101_770


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "elu", "gelu"])
def test_the_architecture_is_as_asked(tiny_run: MakeRun, activation: str) -> None:
    model = build(tiny_run(network=dense(16, 8, activation=activation)), classes=5)
    assert layers(model) == [
        ("Flatten", "flatten"),
        ("Dense", "hidden_1"),
        ("Activation", f"hidden_1_{activation}"),
        ("Dense", "hidden_2"),
        ("Activation", f"hidden_2_{activation}"),
        ("Dense", "logits"),
    ]
    assert {name: array.shape for name, array in weights(model).items()} == {
        "hidden_1/kernel": (784, 16),
        "hidden_1/bias": (16,),
        "hidden_2/kernel": (16, 8),
        "hidden_2/bias": (8,),
        "logits/kernel": (8, 5),
        "logits/bias": (5,),
    }
    assert model.input_shape == (None, 28, 28)
    assert model.output_shape == (None, 5)
    for name in ("hidden_1", "hidden_2"):
        assert model.get_layer(f"{name}_{activation}").activation is keras.activations.get(activation)
    for name in ("hidden_1", "hidden_2", "logits"):
        assert model.get_layer(name).activation is keras.activations.linear


def test_weights_start_as_glorot_says_and_biases_at_zero(tiny_run: MakeRun) -> None:
    found = weights(build(tiny_run(network=dense(256))))
    limit = np.sqrt(6 / (784 + 256))  # Glorot & Bengio 2010, uniform
    kernel = found["hidden_1/kernel"]
    assert np.abs(kernel).max() <= limit
    # The standard error of the variance of n uniform draws is 0.89 times it over sqrt(n): 0.2 % here.
    assert kernel.var() == pytest.approx(limit**2 / 3, rel=0.01)
    assert not found["hidden_1/bias"].any()
    assert not found["logits/bias"].any()


@pytest.mark.parametrize("variant", MIXES)
def test_variants_share_the_initial_weights_of_the_layers_that_they_share(
    tiny_run: MakeRun, variant: str
) -> None:
    plain = weights(build(tiny_run(network=dense(16, 8))))
    regularized = weights(build(tiny_run(network=dense(16, 8), regularizers=MIXES[variant], noise_seed=99)))
    assert plain.keys() <= regularized.keys()
    for name, array in plain.items():
        assert np.array_equal(array, regularized[name]), name


def test_inits_and_layers_start_from_other_weights(tiny_run: MakeRun) -> None:
    kernels = []
    for init_seed in (1, 2):
        found = weights(build(tiny_run(network=dense(784, 784), init_seed=init_seed)))
        kernels += [found["hidden_1/kernel"], found["hidden_2/kernel"]]  # of one shape
    for number, kernel in enumerate(kernels):
        for other in kernels[:number]:
            assert np.mean(kernel == other) < 0.01


def test_other_seeds_do_not_reach_the_initial_weights(tiny_run: MakeRun) -> None:
    first = weights(build(tiny_run()))
    second = weights(build(tiny_run(order_seed=9, noise_seed=9, split=1, init=1)))
    assert all(np.array_equal(array, second[name]) for name, array in first.items())


@pytest.mark.parametrize("hook", ["kernel_constraint", "loss"])
def test_two_regularizers_cannot_both_set_what_there_is_one_of(
    tiny_run: MakeRun, monkeypatch: pytest.MonkeyPatch, hook: str
) -> None:
    class Greedy(Regularizer):
        def kernel_constraint(self, rank: int) -> keras.constraints.Constraint | None:
            return keras.constraints.NonNeg() if hook == "kernel_constraint" else None

        def loss(self) -> keras.Loss | None:
            return keras.losses.MeanSquaredError() if hook == "loss" else None

    monkeypatch.setattr(models, "discover", lambda: {"greedy": Greedy, "greedier": Greedy})
    run = tiny_run(regularizers={"greedy": {}, "greedier": {}})
    make = build if hook == "kernel_constraint" else lambda run: models.loss(models.regularizers(run))
    message = f"^{hook}: expected at most one regularizer of a variant to set it, found 2$"
    with pytest.raises(TypeError, match=message):
        make(run)
    assert make(tiny_run(regularizers={"greedy": {}}))


def test_the_optimizer_is_as_asked(tiny_run: MakeRun) -> None:
    adam = optimizer(tiny_run(optimizer={"name": "adam", "learning_rate": 0.25}))
    assert isinstance(adam, keras.optimizers.Adam)
    assert float(adam.learning_rate) == 0.25
    sgd = optimizer(tiny_run(optimizer={"name": "sgd", "learning_rate": 0.5, "momentum": 0.75}))
    assert isinstance(sgd, keras.optimizers.SGD)
    assert (float(sgd.learning_rate), sgd.momentum, sgd.nesterov) == (0.5, 0.75, False)
    assert adam.weight_decay is sgd.weight_decay is None


@pytest.mark.parametrize("variant", [*MIXES, "baseline"])
def test_a_restored_network_predicts_what_the_run_did(
    tiny_run: MakeRun, tiny_data: Replicate, tmp_path: Path, variant: str
) -> None:
    run = tiny_run(variant=variant, regularizers=MIXES.get(variant, {}), epochs=1)
    result = train(run, tiny_data)
    images = tiny_data.test_images.astype(np.float32) / 255
    model = models.restore(run, result.weights, SHAPE, 10)
    # Eager or in a graph: float32 sums of 784 terms may differ in their last digit.
    assert np.allclose(model(images), result.logits, rtol=0, atol=1e-5)
    model.save(tmp_path / "model.keras")  # and again by plain Keras, without our code
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded(images).numpy(), model(images).numpy())
