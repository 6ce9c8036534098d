"""Three floors: what may import what, read from the sources; and `dvc.yaml` names the code it runs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.plan import TRAINING_CODE

REPOSITORY = Path(__file__).resolve().parent.parent
PIPELINE = REPOSITORY / "pipeline"
FILES = sorted(PIPELINE.rglob("*.py"))
STAGES = sorted((PIPELINE / "stages").glob("[!_]*.py"))

# What is named on neither floor stands on the ground, where least may be imported.
MIDDLE = {"training", "tracking", "reporting", "evaluation", "probes", "claims"}
TOP = {"stages", "toy", "__main__"}


def floor(part: str) -> int:
    return 2 if part in TOP else int(part in MIDDLE)


def name_of(file: Path) -> str:
    """`pipeline/data/idx.py` as `pipeline.data.idx`."""
    parts = file.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file) for file in FILES}


def imports(file: Path) -> set[str]:
    """Every module that the file imports, at its top or inside a function, in full."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}: a relative import"
            base = str(node.module)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in MODULES else base)
    return found


def part_of(module: str) -> str:
    """The part of the pipeline that a module is or lies in; "" is the package itself."""
    return module.partition(".")[2].partition(".")[0]


def imported_parts(file: Path) -> set[str]:
    return {part_of(module) for module in imports(file) if module.split(".")[0] == "pipeline"} - {""}


def libraries(file: Path) -> set[str]:
    packages = {module.split(".")[0] for module in imports(file)}
    return packages - sys.stdlib_module_names - {"pipeline"}


def ids(file: Path) -> str:
    return str(file.relative_to(REPOSITORY))


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_imports_go_down(file: Path) -> None:
    own = part_of(name_of(file))
    if not own:
        assert imports(file) == set(), "the package itself imports nothing"
        return
    above = {part for part in imported_parts(file) if floor(part) > floor(own)}
    assert not above, f"{own} imports {above} from above"


def test_no_room_imports_another_in_a_circle() -> None:
    """Also not over a third one: the rooms can be listed so that each imports from those before it alone."""
    rooms: dict[str, set[str]] = {}
    for file in FILES:
        room = part_of(name_of(file))
        rooms.setdefault(room, set()).update(imported_parts(file) - {room})
    assert len(list(TopologicalSorter(rooms).static_order())) == len(rooms)


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_leaves_are_called_from_the_top_alone(file: Path) -> None:
    own = part_of(name_of(file))
    for leaf in {"tracking", "reporting"} & imported_parts(file):
        assert own == leaf or own in TOP


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_a_library_stays_where_it_belongs(file: Path) -> None:
    own = part_of(name_of(file))
    used = libraries(file)
    assert "mlflow" not in used or own == "tracking"
    assert not used & {"tensorflow", "keras"} or own in ("training", "regularizers")
    if own == "science":
        assert used <= {"numpy", "scipy", "statsmodels"}
        assert imported_parts(file) <= {"science"}


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Every text of a module but its docstrings."""
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node


# Who else may write the file's name, and in which call or assignment: `toy` shrinks its copy's.
NAMED_IN = {"pipeline.checkout": "SOURCES", "pipeline.toy": "PARAMS"}


@pytest.mark.parametrize("file", [file for file in FILES if part_of(name_of(file)) != "params"], ids=ids)
def test_params_yaml_is_read_by_params_alone(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    allowed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call | ast.Assign):
            place = ast.unparse(node.func if isinstance(node, ast.Call) else node.targets[0])
            if place in ("params.load", NAMED_IN.get(name_of(file))):
                allowed |= {id(inner) for inner in ast.walk(node)}
    for text in texts(tree):
        named = str(text.value).rpartition("/")[2] == "params.yaml"
        assert not named or id(text) in allowed, f"line {text.lineno}"


WITHOUT_KERAS = [stage for stage in STAGES if stage.stem != "train"]


def test_only_the_training_stages_import_keras() -> None:
    modules = ", ".join(name_of(stage) for stage in WITHOUT_KERAS)
    program = f"import sys, {modules}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    loaded = set(ended.stdout.split())
    assert "pipeline" in loaded
    assert not loaded & {"tensorflow", "keras"}


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_a_file_can_be_read_at_a_sitting(file: Path) -> None:
    lines = len(file.read_text(encoding="utf-8").splitlines())
    assert lines <= (85 if file in STAGES else 260)


# ---- dvc.yaml ----


def declared() -> dict[str, dict[str, Any]]:
    """The stages of `dvc.yaml`."""
    found: dict[str, dict[str, Any]] = YAML(typ="safe").load(REPOSITORY / "dvc.yaml")["stages"]
    return found


def stages() -> dict[str, dict[str, Any]]:
    """The stages; of those made by `foreach`, the pattern."""
    return {name: stage.get("do", stage) for name, stage in declared().items()}


def covers(dependency: str, file: str) -> bool:
    return file == dependency or file.startswith(f"{dependency}/")


@pytest.mark.parametrize("name", stages())
def test_the_code_that_a_stage_depends_on_exists(name: str) -> None:
    code = [dep for dep in stages()[name]["deps"] if not dep.startswith(("data/", "results/", "reports/"))]
    assert code
    items = declared()[name].get("foreach", [])
    named = {dep.replace("${item}", str(item)) for dep in code for item in items or [""]}
    assert [dep for dep in named if not (REPOSITORY / dep).exists()] == []


@pytest.mark.parametrize("name", stages())
def test_a_stage_runs_a_module_and_depends_on_it(name: str) -> None:
    python, flag, module, *_ = stages()[name]["cmd"].split()
    assert (python, flag) == ("python", "-m")
    assert module in MODULES
    assert f"{module.replace('.', '/')}.py" in stages()[name]["deps"]


@pytest.mark.parametrize("file", TRAINING_CODE)
def test_the_plan_is_made_again_when_training_code_changes(file: str) -> None:
    assert any(covers(dependency, f"pipeline/{file}") for dependency in stages()["plan"]["deps"])
