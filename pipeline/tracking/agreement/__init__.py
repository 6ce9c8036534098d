"""An MLflow store that is kept in agreement with files: entries in, differences out, and each mends itself.

It knows nothing of what the entries are about. docs/agreement.md shows it for another pipeline.
"""

from pipeline.tracking.agreement.agree import sync, verify
from pipeline.tracking.agreement.circumstances import Circumstances, Process
from pipeline.tracking.agreement.entities import GROUP_KEY
from pipeline.tracking.agreement.entry import (
    Contents,
    Data,
    Drawn,
    Entry,
    Group,
    ModelEntry,
    Registered,
    digest,
    digest_of,
)
from pipeline.tracking.agreement.ledger import Ledger
from pipeline.tracking.agreement.store import UNREACHABLE, Experiment, UnreachableError

__all__ = [
    "GROUP_KEY",
    "UNREACHABLE",
    "Circumstances",
    "Contents",
    "Data",
    "Drawn",
    "Entry",
    "Experiment",
    "Group",
    "Ledger",
    "ModelEntry",
    "Process",
    "Registered",
    "UnreachableError",
    "digest",
    "digest_of",
    "sync",
    "verify",
]
