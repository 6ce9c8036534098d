"""Entries of a section of a YAML file as blocks of lines: copied and removed with nothing else touched.

A section begins at the left margin, and each of its entries on a line of its own, as in the study's file. A
parser that keeps comments ties those above an entry to the entry before, and loses them with it.
"""

from __future__ import annotations

from collections.abc import Collection


def removed(text: str, section: str, names: Collection[str]) -> str:
    """Return the text without these entries of a section, their comments included."""
    for name in names:
        lines = text.splitlines()
        start, end = _block(text, section, name)
        del lines[start:end]
        # Of the blank lines before and behind it, one stays; none at the head of the section.
        before = lines[start - 1].partition("#")[0].rstrip()
        if start < len(lines) and not lines[start].strip() and before in ("", f"{section}:"):
            del lines[start]
        text = "\n".join(lines) + "\n"
    return text


def copied(text: str, section: str, name: str, copy: str, behind: str, comment: str) -> str:
    """Return the text with a copy of an entry behind another, with a name and a comment of its own."""
    lines = text.splitlines()
    start, end = _block(text, section, name)
    block = lines[start:end]
    while block[0].lstrip().startswith("#"):
        del block[0]
    indent = block[0][: len(block[0]) - len(block[0].lstrip())]
    block[0] = f"{indent}{copy}:  # {comment}"
    _, place = _block(text, section, behind)
    lines[place:place] = ["", *block]
    return "\n".join(lines) + "\n"


def _block(text: str, section: str, name: str) -> tuple[int, int]:
    """Return the first line of an entry, comments right above it included, and the line behind its last."""
    lines = text.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith(f"{section}:"))
    column = next(_indent(line) for line in lines[head + 1 :] if not _is_aside(line))
    key = next(n for n, line in enumerate(lines) if n > head and line.startswith(f"{' ' * column}{name}:"))
    end = key + 1
    while end < len(lines) and (_is_aside(lines[end]) or _indent(lines[end]) > column):
        end += 1
    while _is_aside(lines[end - 1]) and (not lines[end - 1].strip() or _indent(lines[end - 1]) <= column):
        end -= 1
    start = key
    while lines[start - 1].lstrip().startswith("#") and _indent(lines[start - 1]) == column:
        start -= 1
    return start, end


def _is_aside(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
