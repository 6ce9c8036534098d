"""`python -m benchmarks [NAME ...]`: a table, and JSON at the path that BENCH_JSON names."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import limits, overhead, scaling, speed, store
from benchmarks.measure import Measured

BENCHMARKS: dict[str, Callable[[], Measured | list[Measured]]] = {
    "small": lambda: speed.benchmark("small"),
    "notebook": lambda: speed.benchmark("notebook"),
    "limit_notebook": lambda: limits.benchmark("notebook"),
    "limit_small": lambda: limits.benchmark("small"),
    "workers": scaling.workers,
    "scale": scaling.scale,
    "tracking": overhead.tracking,
    "store": store.store,
    "quick": overhead.quick,
    "study": overhead.study,
}


def main() -> None:
    """Run the named benchmarks, all by default."""
    chosen = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in chosen if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"error: benchmark: expected {', '.join(BENCHMARKS)}, received {unknown[0]!r}")
    measured: list[Measured] = []
    for name in chosen:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results = BENCHMARKS[name]()
        measured += results if isinstance(results, list) else [results]
    _show(measured)
    if path := os.environ.get("BENCH_JSON"):
        content = {
            result.name: {
                "ratio": result.ratio,
                "goal": result.goal,
                "unit": result.unit,
                "rounds": result.rounds,
            }
            for result in measured
        }
        Path(path).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _show(measured: list[Measured]) -> None:
    table = Table("benchmark", "median", "goal", "met", "unit", "rounds", "note")
    for result in measured:
        rounds = " ".join(f"{value:.2f}" for value in result.rounds)
        goal = "" if result.goal is None else f"{'>=' if result.at_least else '<='} {result.goal:g}"
        met = "" if result.goal is None else "yes" if result.met else "no"
        table.add_row(result.name, f"{result.ratio:.2f}", goal, met, result.unit, rounds, result.note)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
