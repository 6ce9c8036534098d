"""`python -m pipeline <command>`: what a person types besides `dvc repro`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline import questions
from pipeline.params import BASELINE
from pipeline.system import children
from pipeline.system.checkout import ROOT
from pipeline.system.errors import UserError, unknown
from pipeline.system.untrusted import printable

WORSE = 3  # the exit code of a comparison; 1 is an error, 2 a misspelt option
app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)


Trained = Annotated[str, typer.Argument(help="baseline, or a variant of params.yaml")]


@app.command()
def train(variant: Trained) -> None:
    """Bring one variant up to date, as `dvc repro` would."""
    declared = questions.load(ROOT / "params.yaml").variants
    stages = {BASELINE: BASELINE} | {name: f"variant@{name}" for name in declared}
    if variant not in stages:
        raise UserError(f"variant: {unknown(variant, stages)}")
    os.chdir(ROOT)
    os.execve(children.DVC[0], [*children.DVC, "repro", stages[variant]], children.environment())


@app.command()
def ui(port: Annotated[int, typer.Option(help="on this machine's loopback")] = 5000) -> None:
    """Open MLflow's UI on 127.0.0.1, at the page that shows the runs."""
    from pipeline.tracking.study import server

    server.serve(port)


Revision = Annotated[
    str | None, typer.Option(help="a commit whose results are meant, without a checkout", metavar="REV")
]


@app.command()
def verify(rev: Revision = None) -> None:
    """Compare all that DVC keeps with MLflow's store; exits 1 where they disagree."""
    from pipeline import tracking

    count, problems = tracking.verify(ROOT, rev)
    for problem in problems:
        print(printable(problem))
    if problems:
        mends = "python -m pipeline sync" + (f" --rev {rev}" if rev else "")
        raise UserError(
            f"DVC and MLflow disagree in {len(problems)} places; {mends} mends MLflow, dvc repro or dvc "
            "checkout what is not in results/ as dvc.lock has it"
        )
    print(f"DVC and MLflow agree on {count:,} Keras runs")


@app.command()
def sync(
    rev: Revision = None,
    dry: Annotated[bool, typer.Option("--dry", help="print what differs, and write nothing")] = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="compare nothing, and say nothing, where just this was recorded before"),
    ] = False,
    stale: Annotated[
        float, typer.Option(min=0, help="hours after which a run that still says RUNNING is ended")
    ] = 168.0,
) -> None:
    """Make MLflow's store say what DVC keeps: after a checkout, a pull, a lost store, on another server."""
    from pipeline import tracking

    said = "differs: " if dry else "mended: "
    written = tracking.sync(
        ROOT,
        lambda line: print(printable(f"{said}{line}"), flush=True),
        rev=rev,
        dry=dry,
        quick=quick,
        stale=stale,
    )
    if dry and written:
        print(f"sync would mend {len(written)} differences")
    elif written or not quick:
        print("MLflow says what DVC keeps" + ("" if written else ", and did before"))


@app.command()
def compare(
    a: Annotated[str, typer.Argument(help="a git revision, a DVC experiment, or workspace", metavar="A")],
    b: Annotated[str, typer.Argument(help="the same, for what A became", metavar="B")] = "workspace",
    out: Annotated[
        Path | None, typer.Option(help="where the report goes", show_default="compare/A..B")
    ] = None,
    fail_if_worse: Annotated[
        bool,
        typer.Option(
            "--fail-if-worse", help="exit with 3 if the test error of a variant is worse beyond chance"
        ),
    ] = False,
) -> None:
    """Say what changed from A to B, and whether the scores did beyond chance."""
    from pipeline.compare import compare as compared

    comparison = compared(ROOT, a, b, out)
    if fail_if_worse and comparison.worse:
        raise typer.Exit(WORSE)


@app.command()
def summary() -> None:
    """Say what the report found, which verdicts are new, where the report is, and how to see the runs."""
    from pipeline.page import findings, since
    from pipeline.system.files import read_table

    differences = read_table(ROOT / "reports" / "tables" / "differences.csv")
    print(f"found:   {findings.headline(questions.load(ROOT / 'params.yaml'), differences)}")
    if changed := since.sentence(ROOT):
        print(f"since:   {changed}")
    print("report:  reports/report.md, or reports/report.html in a browser")
    print("runs:    make ui")


@app.command()
def show(
    setting: Annotated[str | None, typer.Argument(help="a setting of the study", show_default="all")] = None,
) -> None:
    """Show the variants of the study: test error, gap, bias, variance, change against the baseline."""
    from pipeline import show

    show.show(ROOT, setting)


@app.command()
def quick(
    directory: Annotated[Path, typer.Argument(help="where the copy goes; replaced")] = ROOT / ".quick",
) -> None:
    """Run every stage at toy size in a throwaway copy with its own store."""
    from pipeline import toy

    questions.load(ROOT / "params.yaml")  # a fault in it is said, not copied
    toy.run(directory)


@app.command()
def stability(
    seeds: Annotated[int, typer.Option(min=1, help="how many other sets of seeds")] = 3,
    directory: Annotated[Path, typer.Argument(help="where the copies go")] = ROOT / ".stability",
) -> None:
    """Run the whole study again with other seeds, and compare every verdict."""
    from pipeline import stability as again

    questions.load(ROOT / "params.yaml")
    again.run(directory, seeds)


@app.command()
def study(
    folder: Annotated[Path, typer.Argument(help="one with a params.yaml, such as studies/dropout_by_size")],
    directory: Annotated[Path, typer.Argument(help="where its copy goes")] = ROOT / ".studies",
) -> None:
    """Run a study of `studies/`, whose parameters are its own, and write its reports beside them."""
    from pipeline import studies

    studies.run(folder, directory)


@app.command()
def adapt(
    path: Annotated[Path, typer.Argument(help="a file or folder in datasets/")],
    force: Annotated[
        bool, typer.Option("--force", help="overwrite changes of params.yaml that are not committed")
    ] = False,
) -> None:
    """Write params.yaml for your own data: a study that fits them, and takes minutes."""
    from pipeline import adapt

    adapt.run(ROOT, path, force)


def main() -> None:
    """Run the command; an error of the user's is one line."""
    try:
        app()
    except UserError as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
