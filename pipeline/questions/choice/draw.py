"""Which method wins where."""

from __future__ import annotations

from matplotlib.figure import Figure

from pipeline.drawing.style import WIDTH, colour_of
from pipeline.questions.base import Tables
from pipeline.questions.choice.measure import tied_with
from pipeline.science import comparison


def draw(tables: Tables) -> dict[str, Figure]:
    """Draw the change of the test error against the data size, and the winners by width and noise."""
    runs, winners = tables["runs"], tables["winners"]
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    sizes, grid = figure.subplots(1, 2, width_ratios=[1.2, 1])
    start = runs.condition[runs.width == runs.width.mode()[0]].iloc[0]
    base = runs[runs.condition == start]
    along = runs[(runs.width == base.width.iloc[0]) & (runs.label_noise == runs.label_noise.min())]
    errors = along.groupby(["train_size", "split", "method"]).test_error.mean().unstack("method")
    sizes.axhline(0, color=colour_of("baseline"), linewidth=1)
    for method in errors.columns.drop("baseline"):
        change = errors[method] - errors["baseline"]
        intervals = [comparison.mean_interval(values) for _, values in change.groupby("train_size")]
        at = sorted(along.train_size.unique())
        colour = colour_of(method)
        sizes.plot(at, [i.estimate for i in intervals], "o-", color=colour, markersize=4, label=method)
        sizes.fill_between(
            at, [i.low for i in intervals], [i.high for i in intervals], color=colour, alpha=0.15, lw=0
        )
    ticks = sorted(along.train_size.unique())
    sizes.set_xscale("log")
    sizes.set_xticks(ticks, [f"{size:,}" for size in ticks], fontsize=8)
    sizes.minorticks_off()
    sizes.set(xlabel="training images", ylabel="test error minus baseline's (points)")
    sizes.set_title("by data size")
    sizes.legend(fontsize=8)
    size = winners.train_size[winners.width.ne(base.width.iloc[0])].mode()
    table = winners[winners.train_size == (size[0] if len(size) else winners.train_size.iloc[0])]
    widths, noises = sorted(table.width.unique()), sorted(table.label_noise.unique())
    for row in table.itertuples():
        x, y = widths.index(row.width), noises.index(row.label_noise)
        grid.fill([x, x + 1, x + 1, x], [y, y, y + 1, y + 1], color=colour_of(row.best), alpha=0.25)
        tied = "\n".join(f"≈ {name}" for name in tied_with(row))
        grid.text(x + 0.5, y + 0.5, f"{row.best}\n{tied}", ha="center", va="center", fontsize=7.5)
    grid.set_xticks([i + 0.5 for i in range(len(widths))], widths)
    grid.set_yticks([i + 0.5 for i in range(len(noises))], [f"{noise:.0%}" for noise in noises])
    grid.set(xlim=(0, len(widths)), ylim=(0, len(noises)), xlabel="hidden units", ylabel="wrong labels")
    grid.set_title("lowest error, and what is not told from it")
    grid.grid(False)
    return {"figure": figure}
