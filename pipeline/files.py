"""Writing what DVC keeps."""

from __future__ import annotations

import shutil
from pathlib import Path


def emptied(folder: Path) -> Path:
    """Return `folder`, made if missing and emptied if not.

    What stands there may be a link into DVC's cache: it must be replaced, never written into.
    """
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder
