"""The mean curves of a cell as a picture: train, validation and the gap between them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from pipeline.drawing import style

SCORES = {"cross_entropy": "cross-entropy, nats", "error": "error, share"}
PARTS = {"train": "#0072b2", "validation": "#d55e00", "gap": "#7f7f7f"}


def of_curves(name: str, curves: Mapping[str, Sequence[float]]) -> bytes:
    """Return a PNG with a panel a score; `curves` has a value an epoch by `epoch/<score>/<part>`."""
    style.use()
    figure, axes = style.panels(list(SCORES.values()), height=3.0)
    for axis, score in zip(axes, SCORES, strict=True):
        for part, colour in PARTS.items():
            values = curves.get(f"epoch/{score}/{part}", ())
            axis.plot(range(1, len(values) + 1), values, color=colour, label=part)
        axis.set_xlabel("epoch")
    axes[0].legend()
    figure.suptitle(name)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    return drawn.getvalue()
