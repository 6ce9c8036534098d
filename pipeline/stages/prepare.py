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
    images = {source: obtain.images(ROOT, source) for source in params.sources()}
    check_images(params, {source: len(of_source.train_labels) for source, of_source in images.items()})
    data = {
        source: (of_source, draws.draw(params, source, of_source.train_labels))
        for source, of_source in images.items()
    }
    prepared.write(ROOT, data)
    tracking.experiment()


if __name__ == "__main__":
    main()
