"""Fashion-MNIST (Xiao, Rasul & Vollgraf 2017): MNIST's sizes, with ten kinds of clothing for digits."""

from functools import partial

from pipeline.datasets import debian, mirror, sources
from pipeline.datasets.published import Published

PACKAGE = "dataset-fashion-mnist"

FASHION_MNIST = Published(
    title="Fashion-MNIST",
    variable="FASHION_MNIST_DIR",
    sha256={
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    remotes={
        f"Debian's package {PACKAGE}, installed": partial(sources.directory, debian.FOLDER / "fashion-mnist"),
        f"Keras' mirror {mirror.ADDRESS}": partial(mirror.files, mirror.ADDRESS),
        f"Debian's package {PACKAGE}, downloaded": partial(debian.package, PACKAGE, "fashion-mnist"),
    },
    kept="fashion_mnist",
)
