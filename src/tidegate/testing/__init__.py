"""The contract kits: what every component of a family owes its user, as functions that raise where it is broken.

They are public, so that a component kept in another package can be held to the same law:

    from tidegate.testing.contract import check_member
    check_member(MyFactors)

and so that a pandas, polars or NumPy pipeline that knows nothing of Tidegate can be:

    from tidegate.testing import check_causal
    assert check_causal(my_factor, prices)

A pass refutes nothing but what was tried: every kit says which cuts and seeds those are.
"""

from importlib import import_module
from typing import Any

__all__ = ["check_causal", "check_fitted", "check_train_test"]

_HOMES = {
    "check_causal": "tidegate.testing.causal",
    "check_fitted": "tidegate.testing.fitted",
    "check_train_test": "tidegate.testing.fitted",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tidegate.testing' has no attribute {name!r}")
    return getattr(import_module(home), name)
