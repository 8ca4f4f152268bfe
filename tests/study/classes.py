"""A tiny study of classes: a small network tells months of a synthetic market of shares apart into three."""

import json

__all__ = ["classes"]

_DECLARED = {
    "name": "classes",
    "title": {"en": "Three classes", "zh": "三分类"},
    "source": {"name": "stock-world", "assets": 60, "sessions": 900, "seed": 4, "ic": 0.2},
    "universe": [],
    "span": {"first": None, "last": None},
    "cadence": "months",
    "factors": {"name": "raw-fields", "fields": ["close", "open", "volume"]},
    "lookback": 4,
    "count": "sessions",
    "label": {"name": "return-classes", "horizon": {"lag": 1, "span": 1}, "thresholds": [0.03]},
    "normaliser": {"name": "window-z-score"},
    "target_scaling": {"name": "classes", "first": -1.0},
    "split": {"name": "share-split", "train": 0.5, "valid": 0.15},
    "model": {"name": "recurrent-network", "cell": {"name": "lstm", "hidden": 4}, "dense": [], "outputs": 3},
    "training": {"epochs": 4, "batch": 128, "loss": {"name": "cross-entropy"}},
    "seeds": [1, 2],
    "rivals": [{"name": "linear"}, {"name": "majority"}],
    "strategy": None,
    "markets": [],
    "gates": 0,
}


def classes(**changes):
    """The study's document, with some of its settings changed."""
    return {**json.loads(json.dumps(_DECLARED)), **changes}
