"""Errors and gain by the number of training images."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from pipeline.drawing.style import VARIANTS, panels
from pipeline.questions.base import Tables


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw the test errors with dropout and without, and the gain with its interval, by training images."""
    gains = tables["gains"]
    figure, (errors, falls) = panels(["test error", "what dropout gains"], height=3.4)
    for name in ("baseline", "dropout"):
        errors.plot(gains.train_size, gains[name], "o-", color=VARIANTS[name], label=name)
    errors.set(yscale="log", ylabel="test error (%)")
    errors.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    errors.yaxis.set_major_formatter("{x:g}")
    errors.yaxis.set_minor_locator(NullLocator())
    errors.legend()
    falls.fill_between(gains.train_size, gains.low, gains.high, color=VARIANTS["dropout"], alpha=0.2)
    falls.plot(gains.train_size, gains.estimate, "o-", color=VARIANTS["dropout"])
    falls.axhline(0, color=VARIANTS["baseline"], linewidth=1)
    falls.set(ylabel="baseline minus dropout (points)")
    for axis in (errors, falls):
        axis.set(xscale="log", xlabel="training images")
        axis.set_xticks(gains.train_size, [f"{size:,}" for size in gains.train_size], rotation=30)
        axis.xaxis.minorticks_off()
    return {"figure": figure}
