"""The mirror that `keras.datasets` fetches from, without importing Keras."""

from pipeline.datasets.network import fetch
from pipeline.datasets.sources import ARRAYS, gunzipped, npz, reading

ADDRESS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def archive(address: str, name: str) -> dict[str, bytes]:
    """Fetch an .npz archive, and return its arrays as the four IDX files."""
    with reading(name):
        return npz(fetch(f"{address}{name}", name), name)


def files(address: str) -> dict[str, bytes]:
    """Fetch the four IDX files, gzipped."""
    fetched = {}
    for name in ARRAYS:
        packed = f"{name}.gz"
        with reading(packed):
            fetched[name] = gunzipped(fetch(f"{address}{packed}", packed), packed)
    return fetched
