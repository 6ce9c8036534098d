"""The view of the runs that `make ui` opens: a row a variant, sorted by test error.

MLflow keeps a view that everybody sees as a tag of the experiment: what its own button Share writes. The
form is not documented, so tests/ui opens it in a browser.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any
from urllib.parse import quote

NAME = "variants by test error"
KEY = "variants-by-test-error"
TAG = f"mlflow.sharedViewState.{KEY}"
MADE = 1_767_225_600_000  # ms; a time of its own would make it another view every time
VARIANTS = "tags.kind = 'variant' and tags.current = 'true'"
ORDER = "metrics.`test_error_percent`"
# A run's name has its setting and its variant.
COLUMNS = (
    "tags.`setting`",
    ORDER,
    "tags.`test_error_interval`",
    "metrics.`gap_nats`",
    "metrics.`bias`",
    "metrics.`variance`",
    "attributes.`Duration`",
    "tags.`candidate`",
)
WIDE = {"tags.`test_error_interval`": 200, "tags.`candidate`": 260}
PARTS = ("train", "validation", "gap")


def tags() -> dict[str, str]:
    """Return the tag of the experiment that holds the view."""
    packed = base64.b64encode(zlib.compress(json.dumps(_state()).encode(), 9)).decode()
    view = {"name": NAME, "createdAt": MADE, "updatedAt": MADE, "state": f"deflate;{packed}"}
    return {TAG: json.dumps(view)}


def page(server: str, experiment: str) -> str:
    """Return the address of the view."""
    query = f"workflowType=machine_learning&viewStateShareKey={quote(KEY)}"
    return f"{server.rstrip('/')}/#/experiments/{experiment}/runs?{query}"


def _state() -> dict[str, Any]:
    charts = [_chart(place, score) for place, score in enumerate(("cross_entropy", "error"))]
    return {
        "searchFilter": VARIANTS,
        "orderByKey": ORDER,
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(COLUMNS),
        "columnOrder": ["attributes.`Run Name`", *COLUMNS],
        "columnWidths": dict(WIDE),
        "runsExpanded": {},
        "runsPinned": [],
        "runsHidden": [],
        "runsVisibilityMap": {},
        "runsHiddenMode": "FIRST_10_RUNS",
        "compareRunCharts": charts,
        "compareRunSections": [
            {"uuid": "together", "name": "train, validation and gap", "display": True, "isReordered": True}
        ],
        "viewMaximized": False,
        "runListHidden": False,
        "isAccordionReordered": True,
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "groupsExpanded": {},
        "autoRefreshEnabled": True,
        "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
        "chartsSearchFilter": "",
    }


def _chart(place: int, score: str) -> dict[str, Any]:
    """Return a line chart of a score on both parts of the data, and of the gap between them."""
    names = [f"epoch/{score}/{part}" for part in PARTS]
    return {
        "type": "LINE",
        "uuid": f"together-{place}",
        "metricSectionId": "together",
        "isGenerated": False,
        "deleted": False,
        "runsCountToCompare": 10,
        "metricKey": names[0],
        "selectedMetricKeys": names,
        "displayName": f"{score.replace('_', '-')}: {', '.join(PARTS)}",
        "lineSmoothness": 0,
        "scaleType": "linear",
        "xAxisScaleType": "linear",
        "xAxisKey": "step",
        "selectedXAxisMetricKey": "",
        "range": {},
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "ignoreOutliers": False,
        "useGlobalXaxisKey": True,
        "useGlobalLineSmoothing": True,
    }
