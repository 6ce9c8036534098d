"""What the pipeline uses of other packages that they do not document: each use is listed, and still there.

A release may change any of it without notice. A new use fails `test_every_private_name_is_listed` until it is
listed below and has a check of its own.
"""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

PIPELINE = Path(__file__).resolve().parents[1] / "pipeline"
FILES = sorted(PIPELINE.rglob("*.py"))

# Names with an underscore that are documented (`os._exit`, `namedtuple._replace`), or a type for mypy alone.
PUBLIC = {"_exit", "_replace", "_Hash"}
NAMES = {
    "tracking/agreement/store.py": {"_tracking_client"},
    "training/engine.py": {"_is_default"},
    "training/optimizers.py": {"_get_variable_index", "_momentums", "_velocities"},
}
MODULES = {
    "records/earlier.py": {"dvc_data.index"},
    "tracking/agreement/circumstances.py": {"mlflow.utils"},
    "tracking/agreement/entities.py": {"mlflow.utils"},
    "tracking/agreement/registry.py": {"mlflow.utils"},
    "tracking/agreement/store.py": {"mlflow.store.db.db_types", "mlflow.store.db.utils", "mlflow.utils"},
}
# Modules that their packages do not document, by how their names begin.
INTERNAL = (
    "dvc_data",
    "dvc_objects",
    "joblib.externals",
    "keras.src",
    "loky",
    "mlflow.server",
    "mlflow.store",
    "mlflow.tracking",
    "mlflow.utils",
    "pydantic._",
    "tensorflow.python",
)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def on_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def inherited(tree: ast.AST) -> Iterator[str]:
    """Yield the private names that a class uses of itself and does not define: those of its base."""
    for cls in ast.walk(tree):
        if not isinstance(cls, ast.ClassDef):
            continue
        nodes = list(ast.walk(cls))
        on_itself = [node for node in nodes if isinstance(node, ast.Attribute) and on_self(node.value)]
        defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
        defined |= {node.attr for node in on_itself if isinstance(node.ctx, ast.Store)}
        defined |= {
            node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        yield from (node.attr for node in on_itself if is_private(node.attr) and node.attr not in defined)


def private_names(file: Path) -> set[str]:
    """Return the private names that a file uses of anything but its own classes."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = set(inherited(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not on_self(node.value):
            names.add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr", "setattr"):
            names |= {
                str(argument.value) for argument in node.args[1:2] if isinstance(argument, ast.Constant)
            }
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.name for alias in node.names}
    return {name for name in names if is_private(name)} - PUBLIC


def internal_modules(file: Path) -> set[str]:
    """Return the undocumented modules that a file imports; of DVC only `dvc.api` is documented."""
    modules = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(str(node.module))
    of_dvc = {module for module in modules if module.split(".")[0] == "dvc"} - {"dvc.api"}
    return of_dvc | {module for module in modules if module.startswith(INTERNAL)}


def by_file(used: dict[Path, set[str]]) -> dict[str, set[str]]:
    return {str(file.relative_to(PIPELINE)): names for file, names in used.items() if names}


def test_every_private_name_is_listed() -> None:
    assert by_file({file: private_names(file) for file in FILES}) == NAMES


def test_every_internal_module_is_listed() -> None:
    assert by_file({file: internal_modules(file) for file in FILES}) == MODULES


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import os\nos._exit(1)", set()),
        ("client._tracking_client.store", {"_tracking_client"}),
        ("getattr(callback, '_is_default', False)", {"_is_default"}),
        ("from keras import _tf_keras", {"_tf_keras"}),
        ("class Mine:\n    def put(self): self._x = 1\n    def get(self): return self._x", set()),
        ("class Mine(Theirs):\n    def get(self): return self._x", {"_x"}),
    ],
)
def test_a_private_name_is_seen(tmp_path: Path, source: str, names: set[str]) -> None:
    file = tmp_path / "module.py"
    file.write_text(source, encoding="utf-8")
    assert private_names(file) == names


# ---- what is listed is still there ----


def test_mlflow_reads_the_histories_of_many_runs_at_once() -> None:
    """`agreement/store.py` asks the store behind a client, which for a database has a call for many runs."""
    from mlflow import MlflowClient
    from mlflow.store.tracking.rest_store import RestStore
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    # A client of a server does not connect until it is asked something.
    assert isinstance(MlflowClient(tracking_uri="http://127.0.0.1:1")._tracking_client.store, RestStore)
    parameters = list(inspect.signature(SqlAlchemyStore.get_metric_history_bulk).parameters)
    assert parameters == ["self", "run_ids", "metric_key", "max_results"]


def test_mlflow_names_its_tags_and_connects_to_a_database() -> None:
    from mlflow.store.db.db_types import DATABASE_ENGINES
    from mlflow.store.db.utils import create_sqlalchemy_engine
    from mlflow.utils import mlflow_tags

    assert {"sqlite", "postgresql"} <= set(DATABASE_ENGINES)
    create_sqlalchemy_engine("sqlite://").connect().close()  # type: ignore[no-untyped-call]
    used = {
        node.attr
        for name in MODULES
        for node in ast.walk(ast.parse((PIPELINE / name).read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "mlflow_tags"
    }
    assert used
    assert {name for name in used if not hasattr(mlflow_tags, name)} == set()
    assert mlflow_tags.MLFLOW_RUN_NOTE == "mlflow.note.content"  # what the UI shows as the description


def test_keras_marks_the_hooks_that_a_callback_does_not_override() -> None:
    from pipeline.training.backend import import_keras

    import_keras()
    import keras

    callback = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    assert keras.callbacks.Callback().on_train_batch_end._is_default
    assert callback.on_train_batch_begin._is_default
    assert not getattr(callback.on_train_batch_end, "_is_default", False)


def test_keras_optimizers_keep_their_moments_where_the_fused_kernels_look() -> None:
    from pipeline.training.backend import import_keras

    import_keras()
    import keras

    variables = [keras.Variable([1.0, 2.0]), keras.Variable([3.0])]
    adam, sgd = keras.optimizers.Adam(), keras.optimizers.SGD(momentum=0.9)
    for optimizer in (adam, sgd):
        optimizer.build(variables)
        assert [optimizer._get_variable_index(variable) for variable in variables] == [0, 1]
    for moments in (adam._momentums, adam._velocities, sgd.momentums):
        assert [moment.value.handle.shape for moment in moments] == [()] * 2
        assert [tuple(moment.shape) for moment in moments] == [(2,), (1,)]


def test_dvc_says_whether_it_was_forced_and_what_it_lost() -> None:
    """`records/earlier.py` asks DVC's repository about the stage that runs."""
    from dvc.api import DVCFileSystem
    from dvc.dependency import Dependency
    from dvc.repo.stage import StageLoad
    from dvc.stage import Stage
    from dvc_data.index import DataIndexDirError

    assert hasattr(DVCFileSystem, "repo")
    assert list(inspect.signature(StageLoad.load_one).parameters)[:3] == ["self", "path", "name"]
    for method in (Stage.changed_stage, Dependency.changed_checksum):
        assert list(inspect.signature(method).parameters) == ["self"]
    assert issubclass(DataIndexDirError, Exception)
