"""A page of `docs/`, read and run as it stands there."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from pipeline import toy
from tests.pipeline.clone import Clone

DOCS = Path(__file__).resolve().parents[2] / "docs"


def block(page: str, language: str) -> str:
    """The one block of a language on a page."""
    (found,) = re.findall(rf"^```{language}\n(.+?)^```$", (DOCS / page).read_text("utf-8"), re.M | re.S)
    return str(found)


def commands(page: str) -> list[list[str]]:
    """The commands of a page, in their order."""
    return [line.removeprefix("$ ").split() for line in block(page, "console").splitlines()]


def changes(page: str) -> Iterator[tuple[str, Any]]:
    """The keys that a page changes in `params.yaml`, as {path: value}."""

    def walk(content: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
        for name, value in content.items():
            at = f"{path}.{name}".lstrip(".")
            whole = path == "variants" or not isinstance(value, Mapping)  # a variant is given whole
            yield from [(at, value)] if whole else walk(value, at)

    return walk(YAML(typ="safe").load(block(page, "yaml")), "")


def edit(clone: Clone, page: str) -> None:
    """Change `params.yaml` as a page says, at toy size."""
    clone.edit(dict(changes(page)))
    toy.shrink(clone.root / "params.yaml")


def follow(clone: Clone, page: str) -> list[str]:
    """Run the commands of a page; return the stages that the last one ran."""
    ended = [clone.run(*command).succeeded() for command in commands(page)]
    assert not [one for one in ended if "Traceback" in one.output + one.errors or "Warning" in one.errors]
    return ended[-1].ran


def ranking(clone: Clone, setting: str) -> dict[str, list[str]]:
    """The cells of the report's ranking of a setting, by variant."""
    page = (clone.root / "reports" / "report.md").read_text("utf-8")
    section = page.split(f"### Ranking in `{setting}`")[1].split("\n#")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines()]
    return {row[0].strip("`"): row[1:] for row in rows if row[0].startswith("`") and len(row) > 1}


def error(clone: Clone, setting: str, variant: str, labels: np.ndarray) -> float:
    """Percent of the test images, mean over the runs, from their logits."""
    logits = clone.arrays(variant.removeprefix("tuned_"), f"{setting}/{variant}", "logits")
    return float(100 * (logits.argmax(axis=2) != labels).mean())
