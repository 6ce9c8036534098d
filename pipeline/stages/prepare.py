"""Stage prepare: the images of every source, and for every condition the draws and the labels trained on."""

from __future__ import annotations

from pipeline import questions, tracking
from pipeline.datasets import draws, obtain, prepared
from pipeline.params import check_images
from pipeline.system.checkout import ROOT
from pipeline.system.errors import reports_errors


@reports_errors
def main() -> None:
    """Obtain the data, draw from them, and make the MLflow store, before any process needs either."""
    params = questions.load(ROOT / "params.yaml")
    obtained = {source: obtain.dataset(ROOT, source) for source in params.sources()}
    check_images(params, {source: images.train_images.shape for source, (images, _) in obtained.items()})
    data = {
        source: (images, draws.draw(params, source, images.train_labels, images.train_images.shape[2]))
        for source, (images, _) in obtained.items()
    }
    prepared.write(ROOT, data, {source: notes for source, (_, notes) in obtained.items()})
    tracking.experiment()


if __name__ == "__main__":
    main()
