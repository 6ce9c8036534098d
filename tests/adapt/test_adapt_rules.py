"""From the sizes of data to a study that is valid, fits its images, and keeps the file's comments."""

import io
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline import params
from pipeline.adapt import rules, sizes
from pipeline.adapt.command import IMAGES, MINUTES, written
from pipeline.adapt.sizes import LEVELS, Facts
from pipeline.params import PUBLISHED, Params
from pipeline.system.errors import UserError
from tests import asking

TEXT = (Path(__file__).resolve().parents[2] / "params.yaml").read_text(encoding="utf-8")
SOURCE = "datasets/mine.npz"
GRID = [
    Facts(SOURCE, 600, (8, 8), 2),
    Facts(SOURCE, 600, (7, 64), 26),
    Facts(SOURCE, 1_300, (64, 64, 3), 5),
    Facts(SOURCE, 5_000, (28, 28), 10),
    Facts(SOURCE, 6_000, (16, 16, 3), 3),
    Facts(SOURCE, 20_000, (32, 32, 3), 10),
    Facts(SOURCE, 100_000, (64, 64, 3), 26),
]


def parsed(text: str) -> Any:
    return YAML(typ="safe").load(text)


def checked(text: str, facts: Facts) -> Params:
    """The parameters, checked whole and against the images: what `prepare` and `plan` check."""
    study = asking.check(parsed(text))
    params.check_images(study, {facts.source: (facts.images, *facts.shape)})
    return study


def comments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.startswith("#")]


def check(text: str, facts: Facts) -> None:
    """What holds of every study of these data."""
    study = checked(text, facts)
    assert study.sources() == [SOURCE]
    assert comments(text) == comments(TEXT)
    setting = next(iter(study.settings.values()))
    assert setting.train_size >= facts.classes
    assert all(3 <= s.splits <= 10 and s.validation_size for s in study.settings.values())
    assert any(s.label_noise for s in study.settings.values())
    assert sum(not s.label_noise for s in study.settings.values()) == 1 + (min(facts.shape[:2]) >= 8)
    networks = {s.network.name for s in study.settings.values()}
    assert networks == ({"dense", "conv"} if min(facts.shape[:2]) >= 8 else {"dense"})
    for name in study.settings:
        assert len(study.candidates(name)) >= 2
    asking.resolved(study)  # every question can be planned


@pytest.mark.parametrize("facts", GRID, ids=lambda facts: f"{facts.images}x{facts.shape}x{facts.classes}")
def test_a_study_of_its_time_is_valid_and_fits_the_images(facts: Facts) -> None:
    text, _, took = written(TEXT, facts, cores=2)
    check(text, facts)
    assert took <= 60 * MINUTES * max(facts.images / IMAGES, 1)


@settings(deadline=None, max_examples=15)
@given(
    images=st.integers(600, 100_000),
    side=st.integers(3, 64),
    other=st.integers(3, 64),
    channels=st.sampled_from([(), (1,), (3,)]),
    classes=st.integers(2, 26),
    level=st.integers(0, len(LEVELS) - 1),
)
def test_every_level_that_the_images_allow_is_valid(
    images: int, side: int, other: int, channels: tuple[int, ...], classes: int, level: int
) -> None:
    facts = Facts(SOURCE, images, (side, other, *channels), classes)
    allowed = list(sizes.possible(facts))
    check(rules.adapted(TEXT, facts, allowed[level % len(allowed)], asking.SECTIONS), facts)


def test_a_study_is_adapted_again(tmp_path: Path) -> None:
    """To the same data, and to others; what was removed is not missed."""
    first, second = GRID[3], Facts("datasets/other", 900, (6, 6), 4)
    text, *_ = written(TEXT, first, cores=2)
    again, *_ = written(text, first, cores=2)
    check(again, first)
    other, *_ = written(text, second, cores=2)
    assert checked(other, second).sources() == ["datasets/other"]
    assert "conv" not in parsed(other)["settings"]
    back, *_ = written(other, first, cores=2)
    check(back, first)


def test_settings_of_other_kinds_and_names_are_no_obstacle() -> None:
    """A file whose settings nobody knows: found by what they are, or made."""
    content = parsed(TEXT)
    small, noisy = content["settings"]["small"], content["settings"]["noisy"]
    conv = {"conv": {"filters": [4], "kernel": 5, "dense": 8, "activation": "tanh"}}
    other = small | {"data": "fashion_mnist", "seed": 9}
    content["settings"] = {
        "maps": small | {"network": conv, "variants": ["l1", "l2", "dropout"]},
        "wrong": noisy | {"overrides": {"l2": {"l2": {"strength": 0.1}}}},
        "few": small,
        "again": other,
    }
    content["scale"] = 3
    questions = content["questions"]
    questions["tradeoff"]["settings"] = ["again", "maps"]
    questions["weights"]["settings"] = ["again", "wrong"]
    questions["batch_norm"]["setting"] = "maps"
    questions["choice"]["settings"] = ["again", "few"]
    asking.check(content)
    stream = _dumped(content)
    for facts, names in ((GRID[3], ["maps", "wrong", "few"]), (GRID[1], ["wrong", "few"])):
        text, *_ = written(stream, facts, cores=2)
        study = checked(text, facts)
        assert [*study.settings] == names
        assert study.scale == 1
        assert study.section("tradeoff").settings[0] in ("wrong", "few")
    few = {"settings": {"few": small}, **{k: v for k, v in content.items() if k != "settings"}}
    for name in ("tradeoff", "weights", "choice"):
        few["questions"][name]["settings"] = ["few"]
    few["questions"]["batch_norm"]["setting"] = "few"
    text, *_ = written(_dumped(few), GRID[3], cores=2)
    assert [*parsed(text)["settings"]] == ["few", "noisy", "conv"]
    assert parsed(text)["settings"]["noisy"]["label_noise"] == rules.NOISE


def _dumped(content: Any) -> str:
    stream = io.StringIO()
    yaml = YAML()
    yaml.representer.ignore_aliases = lambda data: True
    yaml.dump(content, stream)
    return stream.getvalue()


def test_strengths_are_spread_over_four_decades_about_their_middle() -> None:
    text, *_ = written(TEXT, GRID[3], cores=2)
    before, after = parsed(TEXT)["variants"], parsed(text)["variants"]
    for name in ("l1", "l2"):
        old, new = before[name][name]["strength"], after[name][name]["strength"]
        assert len(new) == len(parsed(text)["tuning"]["baseline"]["epochs"]) == len(old)
        assert math.log10(new[-1] / new[0]) == pytest.approx(rules.DECADES, abs=0.02)
        assert math.prod(new) == pytest.approx(math.prod(old), rel=0.1)
    assert after["dropout"] == before["dropout"]  # a share: its range is known


def test_more_images_make_a_larger_study_and_less_time_a_smaller_one() -> None:
    """By hand: 600 images hold 120 out; six training sets of the other 480 have 80 each."""
    _, small, _ = written(TEXT, Facts(SOURCE, 600, (8, 8), 2), cores=2)
    assert (small.validation, small.train_size, small.level.splits, small.level.tuning) == (120, 80, 5, 1)
    _, large, _ = written(TEXT, Facts(SOURCE, 60_000, (8, 8), 2), cores=2)
    assert (large.validation, large.train_size) == (10_000, 1_000)
    assert large.level.splits == 10
    _, alone, _ = written(TEXT, Facts(SOURCE, 60_000, (64, 64, 3), 2), cores=2)
    assert LEVELS.index(alone.level) > LEVELS.index(large.level)


@pytest.mark.parametrize(
    ("images", "classes", "wanted", "least"), [(200, 2, 249, 50), (248, 10, 249, 50), (300, 40, 399, 80)]
)
def test_too_few_images_are_refused_in_a_line(images: int, classes: int, wanted: int, least: int) -> None:
    with pytest.raises(UserError) as refused:
        written(TEXT, Facts(SOURCE, images, (8, 8), classes), cores=2)
    assert str(refused.value) == (
        f"{SOURCE}: expected at least {wanted} training images of {classes} classes for 3 training sets "
        f"and 1 to tune on, of {least} each, received {images}; add images"
    )
    written(TEXT, Facts(SOURCE, wanted, (8, 8), classes), cores=2)


def test_published_data_are_no_longer_named() -> None:
    text, *_ = written(TEXT, GRID[3], cores=2)
    named = {setting["data"] for setting in parsed(text)["settings"].values()}
    assert not named & {*PUBLISHED}
