"""Small studies that an audit can walk several times: of one asset, and a selection among a few."""

from tidegate.component import document
from tidegate.data.stock_world import StockWorld
from tidegate.data.worlds import NoiseWorld
from tidegate.study.declare import Study

__all__ = ["many", "one"]


def one(**changes):
    """A study of one asset, quick enough to be walked several times."""
    told = {
        "name": "audited",
        "title": {"en": "Audited", "zh": "受审计"},
        "source": document(NoiseWorld(sessions=260, seed=3)),
        "universe": [],
        "span": {"first": None, "last": None},
        "factors": {"name": "raw-fields", "fields": ["close", "high", "low"]},
        "lookback": 5,
        "count": "rows",
        "label": {"name": "forward-return", "horizon": {"lag": 1, "span": 3}},
        "normaliser": {"name": "standard"},
        "target_scaling": {"name": "standard-target"},
        "split": {"name": "share-split", "train": 0.5, "valid": 0.2},
        "model": {"name": "linear"},
        "training": None,
        "seeds": [1],
        "rivals": [],
        "strategy": {"name": "hold-after-signal", "days": 3},
        "markets": [{"name": "frictionless"}],
        "gates": 0,
    }
    return Study.of({**told, **changes})


def many(**changes):
    """A selection among a few stocks."""
    told = {
        "source": document(StockWorld(assets=16, sessions=170, seed=2, ic=0.1)),
        "factors": {"name": "raw-fields", "fields": ["close", "volume"]},
        "normaliser": {"name": "window-z-score"},
        "strategy": {"name": "rank-and-hold", "names": 3, "days": 2},
        "markets": [{"name": "a-share"}],
        "filters": [{"name": "trading"}],
    }
    return one(**{**told, **changes})
