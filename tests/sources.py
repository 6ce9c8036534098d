"""What the sources say of themselves: modules, imports, and all that one module reaches."""

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PIPELINE = REPOSITORY / "pipeline"
FILES = sorted(PIPELINE.rglob("*.py"))


def name_of(file: Path) -> str:
    """`pipeline/datasets/idx.py` as `pipeline.datasets.idx`."""
    steps = file.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(steps[:-1] if steps[-1] == "__init__" else steps)


MODULES = {name_of(file): file for file in FILES}


def imports(file: Path) -> set[str]:
    """Every module that the file imports, at its top or inside a function, in full."""
    modules = set()
    for node in _running(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}: a relative import"
            base = str(node.module)
            inner = {f"{base}.{alias.name}" for alias in node.names}
            modules |= {base} | {name for name in inner if name in MODULES}
    return modules


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that a type checker alone sees."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from (inner for other in node.orelse for inner in (other, *_running(other)))
        else:
            yield node
            yield from _running(node)


def room_of(module: str) -> str:
    """The room of the pipeline that a module is or lies in; "" is the package itself."""
    return module.partition(".")[2].partition(".")[0]


def closure(*modules: str, without: frozenset[str] = frozenset()) -> set[str]:
    """The files of all modules that these reach, by their paths; rooms in `without` are not entered."""
    reached: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in reached or module not in MODULES or room_of(module) in without:
            continue
        reached.add(module)
        waiting += imports(MODULES[module])
        waiting += [module.rpartition(".")[0]] if "." in module else []  # a package's own file runs first
    return {str(MODULES[module].relative_to(REPOSITORY)) for module in reached}
