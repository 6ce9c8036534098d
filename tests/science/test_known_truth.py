"""Decompositions recover truths known by quadrature or by construction; the plug-in does not.

Every image is an independent draw of the same random-effects model, so that the mean over many
images converges to the expectation of the estimator, and its standard error is known.
"""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import log_softmax

from pipeline.science.arrays import FloatArray
from pipeline.science.bias_variance import components, cross_entropy, squared_error, total_variance
from pipeline.science.zero_one import zero_one_kohavi_wolpert

IMAGES = 20_000
MEAN_LOGIT = 0.7
EFFECTS = {"split": 0.9, "init": 0.7, "interaction": 0.6}  # standard deviations of the logit
SPREAD = float(np.sqrt(sum(sd**2 for sd in EFFECTS.values())))


def logit_effects(d: int, i: int, rng: np.random.Generator) -> FloatArray:
    """Logits (d, i, IMAGES) with Gaussian effects of the split, the init and both together.

    With i = 1 every split has an init of its own, so that the models are independent.
    """
    split = rng.normal(0.0, EFFECTS["split"], size=(d, 1, IMAGES))
    init = rng.normal(0.0, EFFECTS["init"], size=(d if i == 1 else 1, i, IMAGES))
    return MEAN_LOGIT + split + init + rng.normal(0.0, EFFECTS["interaction"], size=(d, i, IMAGES))


def two_class_logs(d: int, i: int) -> FloatArray:
    """Log-probabilities (d, i, IMAGES, 2) of those logits."""
    logits = logit_effects(d, i, np.random.default_rng(d * 10 + i))
    return np.asarray(log_softmax(np.stack([logits, np.zeros_like(logits)], axis=-1), axis=-1))


def expectation(function: Callable[[FloatArray], FloatArray]) -> float:
    """The mean of a function of the logit, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    values = function(MEAN_LOGIT + SPREAD * nodes)
    return float((weights * values).sum() / np.sqrt(2 * np.pi))


def sigmoid(g: FloatArray) -> FloatArray:
    """The probability of class 0."""
    return np.asarray(1.0 / (1.0 + np.exp(-g)))


@pytest.mark.parametrize(("d", "i"), [(5, 1), (4, 2), (3, 3)])
def test_squared_error_is_unbiased_where_the_plug_in_is_not(d: int, i: int) -> None:
    """Within 4 standard errors of the truth; the plug-in is more than 10 below."""
    logs = two_class_logs(d, i)
    mean = expectation(sigmoid)
    variance = 2 * (expectation(lambda g: sigmoid(g) ** 2) - mean**2)
    decomposition = squared_error(logs, np.zeros(IMAGES, dtype=int))
    error = decomposition.variance.std() / np.sqrt(IMAGES)
    assert abs(decomposition.mean().variance - variance) < 4 * error
    assert abs(decomposition.mean().bias - 2 * (1 - mean) ** 2) < 4 * decomposition.bias.std() / np.sqrt(
        IMAGES
    )
    plug_in = np.exp(logs).var(axis=(0, 1)).sum(axis=-1).mean()
    assert plug_in < variance - 10 * error


@pytest.mark.parametrize(("d", "i"), [(5, 1), (4, 2), (3, 3)])
def test_cross_entropy_is_nearly_unbiased_where_the_plug_in_is_not(d: int, i: int) -> None:
    """The correction takes away at least four fifths of the plug-in's error."""
    logs = two_class_logs(d, i)
    mean_log = [
        expectation(lambda g: np.log(sigmoid(g))),
        expectation(lambda g: np.log(sigmoid(-g))),
    ]
    variance = -np.log(np.exp(mean_log).sum())
    decomposition = cross_entropy(logs, np.zeros(IMAGES, dtype=int)).mean()
    plug_in = -np.log(np.exp(logs.mean(axis=(0, 1))).sum(axis=-1)).mean()
    assert plug_in < 0.85 * variance
    assert abs(decomposition.variance - variance) < 0.2 * (variance - plug_in)
    assert decomposition.bias == pytest.approx(-mean_log[0] - variance, rel=0.05)


def test_one_init_shared_by_all_splits_hides_the_variance_of_the_init() -> None:
    """What the docstring of `total_variance` warns of: the estimate is given that init."""
    logits = logit_effects(4, 3, np.random.default_rng(9))[:, :1]
    variances = total_variance(logits)
    truth = EFFECTS["split"] ** 2 + EFFECTS["interaction"] ** 2
    assert abs(variances.mean() - truth) < 4 * variances.std() / np.sqrt(IMAGES)
    assert variances.mean() < SPREAD**2 - 0.4


def test_components_of_a_random_effects_model_are_recovered() -> None:
    """Uniform effects on the probability itself, whose variance is width^2 / 12."""
    rng, widths = np.random.default_rng(5), np.array([0.5, 0.3, 0.15])
    shapes = [(4, 1, IMAGES), (1, 3, IMAGES), (4, 3, IMAGES)]
    p = 0.5 + sum(w * rng.uniform(-0.5, 0.5, size=s) for w, s in zip(widths, shapes, strict=True))
    logs = np.log(np.stack([p, 1.0 - p], axis=-1))
    batches = [components(part) for part in np.array_split(logs, 50, axis=2)]
    estimates = np.array([[b.split, b.init, b.interaction] for b in batches])
    error = estimates.std(axis=0, ddof=1) / np.sqrt(len(batches))
    truth = 2 * widths**2 / 12  # two classes
    assert (np.abs(estimates.mean(axis=0) - truth) < 4 * error).all()
    assert (error < 0.05 * truth).all()


def test_a_component_that_is_absent_is_estimated_on_both_sides_of_zero() -> None:
    """Independent models have no split component: its estimates are not clipped at zero."""
    rng = np.random.default_rng(6)
    logs = log_softmax(rng.normal(size=(3, 3, 400, 3)), axis=-1)
    estimates = np.array([components(part).split for part in np.array_split(logs, 40, axis=2)])
    assert abs(estimates.mean()) < 4 * estimates.std(ddof=1) / np.sqrt(len(estimates))
    assert (estimates < 0).sum() > 5


@pytest.mark.parametrize(("d", "i"), [(4, 1), (4, 2)])
def test_kohavi_wolpert_is_unbiased_where_the_plug_in_is_not(d: int, i: int) -> None:
    """Predicted class = sign of the logit: P_0 = Phi(mean / spread), variance P_0 (1 - P_0)."""
    logits = logit_effects(d, i, np.random.default_rng(7))
    predicted = (logits < 0).astype(int)
    decomposition = zero_one_kohavi_wolpert(predicted, np.zeros(IMAGES, dtype=int))
    big = np.random.default_rng(8).normal(MEAN_LOGIT, SPREAD, size=2_000_000)
    share = (big > 0).mean()
    error = decomposition.variance.std() / np.sqrt(IMAGES)
    assert abs(decomposition.mean().variance - share * (1 - share)) < 4 * error
    assert predicted.var(axis=(0, 1)).mean() < share * (1 - share) - 10 * error


@pytest.mark.parametrize("strength", [0.0, 1.0, 10.0])
def test_ridge_regression_has_the_bias_and_variance_of_the_textbook(strength: float) -> None:
    """Hoerl & Kennard 1970: with A = (X'X + kI)^-1, bias = k A beta and variance = sigma^2 A X'X A.

    Twelve training sets with noise of their own, at five points, many times over: the mean estimates lie
    within four standard errors of the analytic values, and those of the plug-in more than six below.
    """
    rng = np.random.default_rng(10)
    design, beta, points = rng.normal(size=(30, 8)), rng.normal(size=8), rng.normal(size=(5, 8))
    noise, sets, studies = 1.5, 12, 2_000
    inverse = np.linalg.inv(design.T @ design + strength * np.eye(8))
    bias = (points @ (strength * inverse @ beta)) ** 2
    variance = noise**2 * np.einsum("ij,jk,ik->i", points, inverse @ design.T @ design @ inverse, points)
    targets = design @ beta + noise * rng.normal(size=(studies, sets, 30))
    predictions = targets @ design @ inverse @ points.T  # (studies, sets, points)
    variances = np.array([total_variance(models[:, None]) for models in predictions])
    squared = ((predictions - points @ beta) ** 2).mean(axis=1) - variances
    for estimates, truth in ((variances, variance), (squared, bias)):
        error = estimates.std(axis=0, ddof=1) / np.sqrt(studies)
        assert (np.abs(estimates.mean(axis=0) - truth) < 4 * error).all()
    plug_in = predictions.var(axis=1)
    assert (plug_in.mean(axis=0) < variance - 6 * plug_in.std(axis=0) / np.sqrt(studies)).all()
