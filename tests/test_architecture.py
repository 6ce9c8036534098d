"""The rooms: what may import what, read from the sources."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import FILES, PIPELINE, REPOSITORY, imports, name_of, room_of

STAGES = sorted((PIPELINE / "stages").glob("[!_]*.py"))

# A room imports from those below it alone.
ROOMS = (
    "__main__",
    "show",
    "stability",
    "studies",
    "copies",
    "toy",
    "adapt",
    "stages",
    "page",
    "compare",
    "tracking",
    "questions",
    "drawing",
    "evaluation",
    "training",
    "records",
    "plan",
    "datasets",
    "params",
    "networks",
    "regularizers",
    "science",
    "system",
)
LEAVES = {"tracking", "page", "compare"}  # which the top alone calls


def imported_rooms(file: Path) -> set[str]:
    return {room_of(module) for module in imports(file) if module.split(".")[0] == "pipeline"} - {""}


def libraries(file: Path) -> set[str]:
    packages = {module.split(".")[0] for module in imports(file)}
    return packages - sys.stdlib_module_names - {"pipeline"}


def ids(file: Path) -> str:
    return str(file.relative_to(REPOSITORY))


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_imports_go_down(file: Path) -> None:
    room = room_of(name_of(file))
    if not room:
        assert imported_rooms(file) == {"system"}, "the package itself looks at its surroundings"
        return
    below = ROOMS[ROOMS.index(room) :]
    assert imported_rooms(file) <= set(below)
    if room in ("evaluation", "drawing", "questions"):
        assert "training" not in imported_rooms(file)


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_leaves_are_called_from_the_top_alone(file: Path) -> None:
    room = room_of(name_of(file))
    for leaf in LEAVES & imported_rooms(file):
        assert room == leaf or room in ("stages", "toy", "__main__")


GENERAL = PIPELINE / "tracking" / "agreement"


@pytest.mark.parametrize("file", sorted(GENERAL.glob("*.py")), ids=ids)
def test_what_keeps_a_store_in_agreement_knows_nothing_of_the_study(file: Path) -> None:
    ours = {module for module in imports(file) if module.split(".")[0] == "pipeline"}
    assert all(module.startswith(("pipeline.tracking.agreement", "pipeline.system")) for module in ours)
    words = ("regulariz", "keras", "setting", "variant", "replicate", "champion")
    text = file.read_text(encoding="utf-8").lower()
    assert not [word for word in words if word in text]


@pytest.mark.parametrize("file", sorted((PIPELINE / "questions").glob("*/*.py")), ids=ids)
def test_no_question_knows_another(file: Path) -> None:
    modules = {module for module in imports(file) if module.startswith("pipeline.questions.")}
    folders = {path.name for path in (PIPELINE / "questions").iterdir() if path.is_dir()}
    assert {module.split(".")[2] for module in modules} & folders <= {file.parent.name}


@pytest.mark.parametrize("file", [file for file in FILES if room_of(name_of(file)) != "questions"], ids=ids)
def test_nothing_outside_names_a_question(file: Path) -> None:
    folders = {path.name for path in (PIPELINE / "questions").iterdir() if (path / "__init__.py").exists()}
    modules = {module for module in imports(file) if module.startswith("pipeline.questions.")}
    assert not {module.split(".")[2] for module in modules} & folders


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_a_library_stays_where_it_belongs(file: Path) -> None:
    room, used = room_of(name_of(file)), libraries(file)
    assert "mlflow" not in used or room == "tracking"
    assert not used & {"dvc", "dvc_data"} or room == "records"
    assert not used & {"tensorflow", "keras"} or room in ("training", "networks", "regularizers")
    if room == "science":
        assert used <= {"numpy", "scipy", "statsmodels"}
        assert imported_rooms(file) <= {"science"}


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
NAMED_IN = {"pipeline.system.checkout": "SOURCES", "pipeline.toy": "PARAMS"}


@pytest.mark.parametrize("file", [file for file in FILES if room_of(name_of(file)) != "params"], ids=ids)
def test_params_yaml_is_read_by_params_alone(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    allowed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call | ast.Assign):
            place = ast.unparse(node.func if isinstance(node, ast.Call) else node.targets[0])
            if place in ("questions.load", NAMED_IN.get(name_of(file))):
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
