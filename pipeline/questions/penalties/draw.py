"""What penalties change of the test error, against both rivals."""

from __future__ import annotations

from matplotlib.figure import Figure

from pipeline.drawing.style import COLOURS, INK, SMALL, WIDTH, message
from pipeline.drawing.svg import points
from pipeline.params import BASELINE, TUNED_BASELINE
from pipeline.questions.base import Tables
from pipeline.questions.claim import paired_by_split, variants_of
from pipeline.questions.evidence import RIVALS
from pipeline.questions.penalties.claims import PENALTIES
from pipeline.science import comparison
from pipeline.system.words import of

LOOKS = {
    BASELINE: {"marker": "o", "color": COLOURS["weights"]},
    TUNED_BASELINE: {"marker": "D", "color": COLOURS["noise"]},
}


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw a line a penalty and setting: its change of the test error against each rival; nothing of none."""
    runs = tables["study/runs"]
    lines = [
        (setting, variant)
        for setting in runs.setting.unique()
        for variant in variants_of(runs, setting)
        if variant in PENALTIES and BASELINE in set(runs[runs.setting == setting].variant)
    ]
    if not lines:
        return {}
    figure = Figure(figsize=(WIDTH, 0.26 * len(lines) + 1.4), layout="constrained")
    axis = figure.subplots()
    axis.axvline(0, color=INK, linewidth=1)
    lower = 0
    for place, (setting, variant) in enumerate(lines):
        there = set(runs[runs.setting == setting].variant)
        rivals = [rival for rival in RIVALS if rival in there]
        ends = []
        for rival in rivals:
            mean = comparison.mean_interval(paired_by_split(runs, setting, "test_error", variant, rival))
            ends.append(mean.high)
            at = place + (0.14 if rival == TUNED_BASELINE else -0.14) * (len(rivals) > 1)
            axis.plot([mean.low, mean.high], [at, at], color=LOOKS[rival]["color"], linewidth=2)
            said = f"{variant} in {setting}, against {RIVALS[rival]}"
            text = f"{said}: {mean.estimate:+.2f} [{mean.low:+.2f}, {mean.high:+.2f}] points"
            points(axis, [(mean.estimate, at, text)], markersize=6, **LOOKS[rival])
        lower += max(ends) < 0
    for rival, look in LOOKS.items():
        axis.plot([], [], linestyle="none", label=f"against {RIVALS[rival]}", **look)  # type: ignore[arg-type]
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False)
    axis.set_yticks(range(len(lines)), [f"{variant} in {setting}" for setting, variant in lines])
    axis.invert_yaxis()
    axis.set_xlabel("change of test error (points)")
    axis.annotate("better", (0.01, 1.01), xycoords="axes fraction", fontsize=SMALL)
    axis.annotate("worse", (0.99, 1.01), xycoords="axes fraction", ha="right", fontsize=SMALL)
    message(figure, f"A penalty beats every baseline in {of(lower, len(lines))} cases")
    return {"figure": figure}
