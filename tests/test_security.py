"""No source unpickles, unpacks or evaluates what it reads, read from the sources themselves."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
OURS = sorted(path for folder in ("pipeline", "benchmarks") for path in (REPOSITORY / folder).rglob("*.py"))
TESTS = sorted((REPOSITORY / "tests").rglob("*.py"))
# Whose only purpose is to turn bytes into objects of any kind.
MODULES = {"pickle", "dill", "cloudpickle", "shelve", "marshal", "jsonpickle"}
# The loaders of others that unpickle, and what runs or unpacks a text or an archive.
CALLS = {
    "joblib.load",
    "pd.read_pickle",
    "pandas.read_pickle",
    "torch.load",
    "eval",
    "exec",
    "enable_unsafe_deserialization",
    "extractall",
    "os.system",
}
# They show here that a pickle is refused.
POISONERS = {"tests/system/test_untrusted.py", "tests/datasets/test_sources.py"}


def ids(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def faults(source: str) -> list[str]:
    """The lines that are forbidden, with what they do."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            base = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names = {name.split(".")[0] for name in base or [alias.name for alias in node.names]}
            found += [f"{node.lineno}: imports {name}" for name in names & MODULES]
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if called in CALLS or called.rpartition(".")[2] in CALLS:
            found.append(f"{node.lineno}: calls {called}")
        if called in ("np.load", "numpy.load") and given.get("allow_pickle") != "False":
            found.append(f"{node.lineno}: np.load without allow_pickle=False")
        forbidden = {"allow_pickle": "True", "safe_mode": "False", "shell": "True"}
        found += [
            f"{node.lineno}: {name}={value}" for name, value in forbidden.items() if given.get(name) == value
        ]
        if called == "YAML" and given.get("typ") == "'unsafe'":
            found.append(f"{node.lineno}: unsafe YAML")
    return found


@pytest.mark.parametrize("path", OURS, ids=ids)
def test_nothing_is_unpickled_unpacked_or_evaluated(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [path for path in TESTS if ids(path) not in POISONERS], ids=ids)
def test_nor_in_the_tests(path: Path) -> None:
    # numpy's own default is what the tests read with.
    found = faults(path.read_text(encoding="utf-8"))
    assert [fault for fault in found if "np.load" not in fault] == []


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from cloudpickle import loads",
        "import dill as d",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "numpy.load(path, mmap_mode='r')",
        "np.save(path, array, allow_pickle=True)",
        "joblib.load(path)",
        "pd.read_pickle(path)",
        "keras.models.load_model(path, safe_mode=False)",
        "keras.config.enable_unsafe_deserialization()",
        "archive.extractall(folder)",
        "subprocess.run(text, shell=True)",
        "YAML(typ='unsafe').load(text)",
        "eval(text)",
    ],
)
def test_what_is_forbidden_is_found(line: str) -> None:
    assert len(faults(line)) >= 1


@pytest.mark.parametrize(
    "line",
    [
        "np.load(path, allow_pickle=False)",
        "keras.models.load_model(path)",
        "json.loads(text)",
        "model.eval_all()",
    ],
)
def test_what_is_allowed_is_not(line: str) -> None:
    assert faults(line) == []
