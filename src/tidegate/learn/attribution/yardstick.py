"""Which factors stand above a planted noise factor: the least that a measure of importance must tell apart."""

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from tidegate.errors import SettingError, UnknownNameError
from tidegate.types.axes import FloatArray

__all__ = ["beats"]


def beats(
    fields: Sequence[str], measured: FloatArray, yardsticks: Sequence[str], *, level: float = 0.95
) -> dict[str, bool]:
    """Say of each field that is no yardstick whether it stands above the highest yardstick.

    `measured` ``[F, n]`` are n measurements that are paired over fields: blocks of time of a permutation importance, or
    seeds. A field stands above where the lower bound of Student's one-sided interval of its mean lead over the highest
    yardstick of each measurement is above zero; the level is shared among the fields (Bonferroni), so that one in
    twenty *tables* of noise has a field above, not one in twenty fields. With one measurement the sizes are compared,
    which says little.

    Errors
        `UnknownNameError` for a yardstick that is no field, `SettingError` where there is none.

    >>> measured = np.array([[1.0, 1.1, 0.9], [0.3, 0.1, 0.2], [0.2, 0.2, 0.1]])
    >>> beats(("momentum", "size", "noise"), measured, ("noise",))
    {'momentum': True, 'size': False}
    """
    for name in yardsticks:
        if name not in fields:
            raise UnknownNameError.among("field", name, fields, where="yardsticks")
    if not yardsticks:
        raise SettingError("there is no yardstick", hint="plant one with the factor set 'planted-noise'")
    table = np.asarray(measured, dtype=np.float64).reshape(len(fields), -1)
    bar = np.max([table[list(fields).index(name)] for name in yardsticks], axis=0)
    others = [at for at, name in enumerate(fields) if name not in yardsticks]
    count = table.shape[1]
    found = {}
    for at in others:
        lead = table[at] - bar
        if count == 1:
            found[fields[at]] = bool(lead[0] > 0)
            continue
        reach = stdtrit(count - 1, 1.0 - (1.0 - level) / len(others)) * lead.std(ddof=1) / np.sqrt(count)
        found[fields[at]] = bool(lead.mean() - reach > 0)
    return found
