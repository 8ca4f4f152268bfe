"""Which studies say the same: those that differ in what is made of a forecast, and not in the forecast."""

from collections.abc import Iterable

from tidegate.component import document, fingerprint
from tidegate.study.declare import Study

__all__ = ["first_speakers"]

_AFTER = frozenset(
    {
        *("name", "title", "stamps", "strategy", "reads", "markets", "filters", "execution", "gate", "index"),
        *("capital", "gates", "placebo", "explain"),
    }
)
"""Fields of a study that its forecasts do not feel."""


def first_speakers(studies: Iterable[Study]) -> tuple[Study, ...]:
    """Keep the first of all studies with the same forecasts, so that a table of forecasts tells each once.

    >>> from tidegate.study.speakers import first_speakers
    >>> first_speakers(())
    ()
    """
    kept: dict[str, Study] = {}
    for study in studies:
        said = {name: held for name, held in document(study).items() if name not in _AFTER}
        kept.setdefault(fingerprint(said), study)
    return tuple(kept.values())
