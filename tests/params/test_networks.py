"""Networks in `params.yaml`: one of those that there are, that fits the images and takes the methods."""

from collections.abc import Callable
from typing import Any

import pytest

from pipeline import params
from pipeline.system.errors import UserError
from tests import asking
from tests.asking import dense

Raw = dict[str, Any]
Edited = Callable[[Raw], Raw]
CONV = {"filters": [2, 4], "kernel": 3, "dense": 8, "activation": "relu"}
SPATIAL = {"variants.spatial": {"spatial_dropout": {"rate": 0.2}}}
METHODS = (
    "params.yaml: settings.small.variants: expected methods for the network dense, received spatial, whose "
    "spatial_dropout needs maps; list the variants without it"
)


def refusal(raw: Raw) -> list[str]:
    with pytest.raises(UserError) as refused:
        asking.check(raw)
    return str(refused.value).splitlines()


def on_maps(edited: Edited, **changes: Any) -> Raw:
    """A convolutional setting beside the others, changed."""
    small = edited({})["settings"]["small"]
    conv = small | {"network": {"conv": CONV | changes}, "variants": ["drop"]}
    return edited({"settings.maps": conv})


@pytest.mark.parametrize("network", [{}, {**dense(8), "conv": CONV}], ids=["none", "two"])
def test_one_network_is_named(edited: Edited, network: Raw) -> None:
    (line,) = refusal(edited({"settings.small.network": network}))
    assert line.startswith(
        "params.yaml: settings.small.network: expected one network of conv, dense, received {"
    )


def test_a_setting_may_have_a_convolutional_network(edited: Edited) -> None:
    study = asking.check(on_maps(edited))
    assert study.settings["maps"].network.network.model_dump() == CONV
    assert "convolutions of 2-4 filters (3 x 3) and 8 units (relu)" in study.settings["maps"].described


def test_a_network_that_does_not_fit_the_images_is_a_line(edited: Edited) -> None:
    said = "expected at most 28, the side of the images, received 29"
    assert refusal(on_maps(edited, kernel=29)) == [f"params.yaml: settings.maps.network.conv.kernel: {said}"]
    odd = {"conv": CONV | {"kernel": 30}}
    assert refusal(edited({"questions.batch_norm.networks.odd": odd})) == [
        "params.yaml: questions.batch_norm.networks.odd.conv.kernel: expected at most 28, the side of the "
        "images, received 30"
    ]


def test_ones_own_images_are_fitted_when_they_are_known(edited: Edited) -> None:
    raw = on_maps(edited, kernel=5)
    mine = "datasets/mine.npz"
    raw["settings"]["maps"]["data"] = mine
    study = asking.check(raw)
    mnist = {"mnist": (60_000, 28, 28)}
    params.check_images(study, mnist | {mine: (5000, 28, 28)})
    with pytest.raises(UserError) as refused:
        params.check_images(study, mnist | {mine: (5000, 4, 30, 3)})
    said = "expected at most 4, the side of the images, received 5"
    assert str(refused.value) == f"params.yaml: settings.maps.network.conv.kernel: {said}"


def test_a_method_needs_what_the_network_offers(edited: Edited) -> None:
    listed = {"settings.small.variants": ["ridge", "probed", "plain", "spatial"]}
    assert refusal(edited(SPATIAL | listed)) == [METHODS]


def test_all_variants_are_those_that_the_network_can_take(edited: Edited) -> None:
    raw = on_maps(edited)
    raw["variants"]["spatial"] = {"spatial_dropout": {"rate": 0.2}}
    raw["settings"]["maps"]["variants"] = "all"
    study = asking.check(raw)
    assert study.candidates("small").keys() == raw["variants"].keys() - {"spatial"}
    assert study.candidates("maps").keys() == raw["variants"].keys()


def test_weights_are_compared_in_dense_networks(edited: Edited) -> None:
    raw = on_maps(edited)
    raw["settings"]["maps"]["variants"] = ["drop", "probed"]
    raw["questions"]["weights"]["settings"] = ["maps"]
    assert refusal(raw) == [
        "params.yaml: questions.weights.settings: expected settings of dense networks, received 'maps'"
    ]


def test_distractors_do_not_stand_beside_an_image_of_a_convolution(edited: Edited) -> None:
    raw = on_maps(edited)
    raw["settings"]["maps"]["distractors"] = 0.5
    assert refusal(raw) == [
        "params.yaml: settings.maps.distractors: expected 0 for the network conv, to which neighbouring "
        "pixels belong together, received 0.5"
    ]
    raw["settings"]["maps"]["distractors"] = 0.0
    raw["settings"]["small"]["distractors"] = 0.5
    assert "50% useless pixels beside them" in asking.check(raw).settings["small"].described
