"""Tidegate: recurrent networks on market data, with proof that nothing flows back from the future.

The verbs of the command line are functions here too; they are imported when first used, so that ``import tidegate``
stays quick and never loads torch by itself.

>>> import tidegate
>>> tidegate.__version__
'0.8.0'
"""

from importlib import import_module
from typing import Any

__version__ = "0.8.0"

_HOMES = {
    "audit": "tidegate.auditing.audit",
    "compare": "tidegate.study.api",
    "declare": "tidegate.study.api",
    "explain": "tidegate.study.api",
    "export": "tidegate.study.api",
    "open_report": "tidegate.study.api",
    "orders": "tidegate.study.api",
    "predict": "tidegate.study.asking",
    "run": "tidegate.study.api",
    "studies": "tidegate.study.api",
}

__all__ = [
    "__version__",
    "audit",
    "compare",
    "declare",
    "explain",
    "export",
    "open_report",
    "orders",
    "predict",
    "run",
    "studies",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tidegate' has no attribute {name!r}")
    return getattr(import_module(home), name)
