"""A tiny selection: a linear model ranks a synthetic market of shares, and the best ranked are held five bars."""

import json

__all__ = ["ranker"]

_DECLARED = {
    "name": "ranker",
    "title": {"en": "Ranker", "zh": "排序"},
    "source": {"name": "stock-world", "assets": 24, "sessions": 170, "seed": 4, "ic": 0.3},
    "universe": [],
    "span": {"first": None, "last": None},
    "factors": {"name": "raw-fields", "fields": ["close", "volume"]},
    "lookback": 4,
    "count": "rows",
    "label": {"name": "forward-return", "horizon": {"lag": 1, "span": 2}},
    "normaliser": {"name": "window-z-score"},
    "target_scaling": {"name": "standard-target"},
    "split": {"name": "share-split", "train": 0.5},
    "model": {"name": "linear"},
    "training": None,
    "seeds": [1],
    "rivals": [{"name": "persistence", "speaks": "return"}],
    "strategy": {"name": "rank-and-hold", "names": 4, "days": 3},
    "markets": [{"name": "a-share"}],
    "filters": [{"name": "trading"}, {"name": "no-risk-warning"}],
    "gates": 12,
}


def ranker(**changes):
    """The study's document, with some of its settings changed."""
    return {**json.loads(json.dumps(_DECLARED)), **changes}
