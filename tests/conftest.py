"""What the tests share: the real MNIST, from wherever it can be had, and miniatures of what is planned."""

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.datasets import obtain
from pipeline.datasets.images import Images
from pipeline.datasets.prepared import Replicate
from pipeline.params import Optimizer
from pipeline.plan import Run
from tests import sharing
from tests.asking import asked, dense, variants

# The one toy study that every test of the whole pipeline looks at.
pytest_plugins = ("tests.pipeline.toy_study",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that two processes end together."""
    items.sort(key=lambda item: sharing.place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> sharing.Scheduling:
    """Some tests stay together in one of the processes."""
    config.option.loadscopereorder = False  # groups keep the order above
    return sharing.Scheduling(config, log)


REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout under test."""
    return REPOSITORY


@pytest.fixture(scope="session")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Images:
    """The real MNIST: the first run fetches it into data/download, later ones find it there."""

    def fetched(_: object = None) -> Images:
        return obtain.dataset(REPOSITORY, "mnist").images

    sharing.made_once(tmp_path_factory, "mnist", fetched)
    return fetched()


@pytest.fixture
def raw_params() -> dict[str, Any]:
    """A small, valid `params.yaml` as it is parsed, for the test to change."""
    small: dict[str, Any] = {
        "data": "mnist",
        "train_size": 50,
        "validation_size": 40,
        "network": dense(16, 8),
        "optimizer": {"name": "adam", "learning_rate": 0.001},
        "epochs": 3,
        "batch_size": 10,
        "label_noise": 0.0,
        "splits": 3,
        "inits": 2,
        "seed": 1,
        "variants": "all",
        "overrides": {},
    }
    blind = small | {
        "validation_size": 0,
        "network": dense(16, 8),
        "optimizer": {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9},
        "splits": 1,
        "inits": 3,
        "variants": ["drop"],
        "overrides": {"drop": {"dropout": {"rate": 0.2}}},
    }
    return {
        "scale": 1,
        "data": {"validation": 100, "seed": 0},
        "tuning": {"splits": 2, "baseline": {"epochs": [2, 4], "learning_rate": [0.001, 0.01]}},
        "settings": {"small": small, "blind": blind},
        "variants": {
            "drop": {"dropout": {"rate": 0.5}},
            "ridge": {"l2": {"strength": 0.001}},
            "elastic": {"l1": {"strength": 0.002}, "l2": {"strength": 0.003}},
            **variants(),
        },
        "questions": asked("small"),
    }


@pytest.fixture
def edited(raw_params: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Change `raw_params` at dotted paths, `{path: value}`; `...` removes what is there."""

    def change(changes: Mapping[str, Any]) -> dict[str, Any]:
        raw = copy.deepcopy(raw_params)
        for path, value in changes.items():
            *parents, last = path.split(".")
            section = raw
            for step in parents:
                section = section[step]
            section[last] = value
            if value is ...:
                del section[last]
        return raw

    return change


@pytest.fixture(scope="session")
def tiny_run() -> Callable[..., Run]:
    """Make a run of 200 images through 16 hidden units, changed where the test says so."""

    def make(**changes: Any) -> Run:
        run = Run(
            setting="tiny",
            variant="baseline",
            source="mnist",
            split=0,
            init=0,
            train_size=200,
            validation_size=100,
            network=dense(16),
            optimizer=Optimizer(name="adam", learning_rate=0.001),
            epochs=3,
            batch_size=32,  # the last batch of an epoch has 8
            label_noise=0.0,
            regularizers={},
            init_seed=1,
            order_seed=2,
            noise_seed=3,
            data="",
            code="",
            key="tiny",
        )
        return Run.model_validate(run.model_dump() | changes)

    return make


@pytest.fixture(scope="session")
def tiny_data(mnist: Images) -> Replicate:
    """The data of `tiny_run`: 200 real images to train on, 100 to validate and 150 to test."""
    return Replicate(
        train_images=mnist.train_images[:200],
        train_labels=mnist.train_labels[:200],
        validation_images=mnist.train_images[200:300],
        validation_labels=mnist.train_labels[200:300],
        test_images=mnist.test_images[:150],
        test_labels=mnist.test_labels[:150],
        classes=10,
    )
