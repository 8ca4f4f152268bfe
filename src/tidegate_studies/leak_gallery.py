"""The gallery of leaks: each a published or common mistake, as one change of an honest study, and what it is worth.

Every honest study here stands on a made-up world in which nobody can know anything (but for `axes`, and for `sample`,
a real index), so that what a leaking one shows beyond it is the leak. A leak is a part like any other: what is told in
`docs/leaks/gallery.md` is one setting of one study, and whoever wants to see it in a study of their own puts it there.

classes  a network on smooth noise names falls, stays and rises          held out at random
index    a straight line on ten bars of noise, traded                    windows scaled with their future; a centred line
factors  a straight line on factors that are noise                       chosen on all; overlapping years
levels   a straight line on price levels                                 scaled on all; scaled by itself; R² of a level
net      a small network on the levels of a real index                   a scaler fitted on all
rule     buy after a day that rose                                       filled at the open of the deciding bar
sample   buy after a day that fell, on a real index                      filled at the close that decided
shares   thirty-five numbers rank eighty made shares                     today's members; adjusted lots; impossible fills; clipped labels
axes     a network finds a signal that is there                          axes scrambled
bars     in at every open, out at every close                            without costs
"""

from typing import Any, NamedTuple

import numpy as np

from tidegate.data.source import Source
from tidegate.errors import SettingError
from tidegate.evaluate.doubt.deflated import deflated_sharpe
from tidegate.study.classified import held_accuracy
from tidegate.study.declare import Study
from tidegate.study.findings import Finding
from tidegate.study.reproduction import Contrast, Reproduction
from tidegate.types.report import Text

__all__ = ["LEAKS", "Leak", "declare", "figure", "searched"]

STAMP = Text(
    en="Made-up worlds in which nobody can know anything, but for a real index (levels of an index, buying after a fall) "
    "and a planted signal (axes): whatever a leaking study shows beyond its honest one, the leak earned.",
    zh="除真实指数（指数点位、下跌后买入）与植入信号（坐标轴）外，均为无可预测的模拟市场：有泄漏者比其诚实研究多出的部分皆来自泄漏。",
)


class Leak(NamedTuple):
    """One entry: what is done, where that was published, two figures of two studies, and which tests to ask."""

    key: str
    what: str
    published: str
    """The document by its letter, or the kind of public project."""
    measure: str
    flattering: tuple[str, str]
    """Study, and its figure as `figure` names it."""
    honest: tuple[str, str]
    tests: tuple[str, ...]


LEAKS: tuple[Leak, ...] = (
    Leak("random-windows", "overlapping windows held out at random", "D, E; tutorials that shuffle", "accuracy",
         ("random-windows", "held"), ("classes", "class_accuracy"), ("L5",)),
    Leak("overlapping-years", "a year both learned from and judged", "A", "IC",
         ("overlapping-years", "ic"), ("factors", "ic"), ("L3", "L5")),
    Leak("scaled-on-all", "a scaler fitted before the split", "C; LSTM tutorials; processors without a fit range",
         "RMSE, points", ("scaled-on-all", "rmse"), ("net", "rmse"), ("L3", "L4")),
    Leak("scaled-by-itself", "judged data standardised by themselves", "A, its template", "return a year",
         ("scaled-by-itself", "annualised_return"), ("levels", "annualised_return"), ("L3", "L4")),
    Leak("clipped-on-all", "labels clipped at quantiles of the whole table", "A, its template", "rank IC",
         ("clipped-on-all", "rank_ic"), ("shares", "rank_ic"), ("L3", "L5")),
    Leak("window-and-future", "windows normalised together with their answers", "public sequence forecasts",
         "direction right", ("window-and-future", "direction_accuracy"), ("index", "direction_accuracy"), ("L3", "L4")),
    Leak("centred-line", "an indicator drawn around its bar", "charting packages", "direction right",
         ("centred-line", "direction_accuracy"), ("index", "direction_accuracy"), ("L1", "L2")),
    Leak("chosen-on-all", "ten factors of a thousand, chosen on all the data", "factor screens", "IC",
         ("chosen-on-all", "ic"), ("factors", "ic"), ("L1", "L3")),
    Leak("level", "R² of a price level", "C; B's first attempt; LSTM tutorials", "R², beside skill over the last price",
         ("price", "r2"), ("price", "skill"), ("L6", "L7")),
    Leak("own-bar", "a position earns the bar that decided it", "backtests without a shift; environments", "return a year",
         ("own-bar", "annualised_return"), ("rule", "annualised_return"), ("L4", "L7")),
    Leak("deciding-close", "filled at the close that decided", "D, E; trading environments", "return a year",
         ("deciding-close", "annualised_return"), ("sample", "annualised_return"), ("L4", "L7")),
    Leak("todays-members", "the universe of today's index members", "tutorials that download today's list",
         "return a year", ("todays-members", "annualised_return"), ("shares", "annualised_return"), ("L4",)),
    Leak("adjusted-lots", "lots and fees on adjusted prices", "A, its template", "return a year",
         ("adjusted-lots", "annualised_return"), ("shares", "annualised_return"), ("L4",)),
    Leak("impossible-fills", "fills beyond limits and in suspensions", "A, its template", "return a year",
         ("impossible-fills", "annualised_return"), ("shares", "annualised_return"), ("L4",)),
    Leak("no-costs", "in and out of every bar, without costs", "C", "return",
         ("bars", "total_return_before_costs"), ("bars", "total_return"), ("L4", "L7")),
    Leak("scrambled-axes", "features taken for time", "A, its template", "rank IC",
         ("scrambled-axes", "rank_ic"), ("axes", "rank_ic"), ("L3", "L4")),
)  # fmt: skip

_BASES: dict[str, tuple[str, ...]] = {
    "classes": ("random-windows",),
    "index": ("window-and-future", "centred-line"),
    "factors": ("overlapping-years", "chosen-on-all"),
    "levels": ("scaled-by-itself",),
    "net": ("scaled-on-all",),
    "rule": ("own-bar",),
    "sample": ("deciding-close",),
    "shares": ("clipped-on-all", "todays-members", "adjusted-lots", "impossible-fills"),
    "axes": ("scrambled-axes",),
}
_TITLES: dict[str, tuple[str, str]] = {
    "classes": ("Classes of noise", "噪声的分类"),
    "random-windows": ("Held out at random", "随机留出"),
    "index": ("A line on ten bars of noise", "十根噪声K线的线性模型"),
    "window-and-future": ("Windows scaled with their future", "窗口与未来一同标准化"),
    "centred-line": ("A centred line", "居中均线"),
    "factors": ("A line on factors of noise", "噪声因子的线性模型"),
    "overlapping-years": ("Overlapping years", "训练与评判年份重叠"),
    "chosen-on-all": ("Factors chosen on all", "全样本挑选因子"),
    "levels": ("A line on price levels", "价格水平的线性模型"),
    "scaled-by-itself": ("Judged data standardised by themselves", "评判数据自行标准化"),
    "net": ("A network on levels of an index", "指数点位的网络"),
    "scaled-on-all": ("A scaler fitted on all", "全样本拟合缩放"),
    "price": ("The price itself forecast", "预测价格本身"),
    "rule": ("Buy after a rise", "上涨后买入"),
    "own-bar": ("Filled at the open of the deciding bar", "按决策当根开盘价成交"),
    "sample": ("Buy an index after a fall", "下跌后买入指数"),
    "deciding-close": ("Filled at the close that decided", "按决策收盘价成交"),
    "shares": ("Price ratios rank made shares", "价格比率为模拟股票排序"),
    "clipped-on-all": ("Labels clipped on all", "标签按全样本分位截断"),
    "todays-members": ("Today's members", "今日成分股"),
    "adjusted-lots": ("Lots on adjusted prices", "按复权价计手数"),
    "impossible-fills": ("Impossible fills", "不可能的成交"),
    "axes": ("A network finds what is there", "网络找出存在的信号"),
    "scrambled-axes": ("Scrambled axes", "坐标轴打乱"),
    "bars": ("In and out of every bar", "每根K线进出"),
}


def declare(source: Source | None = None, *, quick: bool = False, world: int = 3) -> Reproduction:
    """Every honest study and its leaks; `world` is the seed of all worlds. It brings its own data."""
    del quick  # it is small as it is
    if source is not None:
        raise SettingError("the gallery brings its own worlds", found=type(source).name, hint="leave --data out")
    held = {name: _study(name, **settings) for name, settings in _settings(world).items()}
    return Reproduction(
        name="leak-gallery",
        title=Text(en="A gallery of leaks", zh="泄漏图鉴"),
        document=Text(
            en="Published and common mistakes, each as one change of an honest study",
            zh="已发表的与常见的错误，每个都是对诚实研究的一处改动",
        ),
        studies=tuple(held.values()),
        lead="index",
        stamps=(STAMP,),
        contrasts=tuple(
            Contrast(f"worth-{base}", _text(base), base, leaking) for base, leaking in _BASES.items()
        ),
    )  # fmt: skip


def figure(found: Finding, name: str) -> float:
    """One figure of a study's only seed: a measure by its name, ``held`` (accuracy held out) or ``r2`` of its levels."""
    seed = found.seeds[0]
    if name == "held":
        return float(held_accuracy(found)[0][0])
    if name == "r2":
        said, came = (found.forecasts[seed].frame[side].to_numpy() for side in ("score", "truth"))
        known = np.isfinite(said) & np.isfinite(came)
        return float(1 - ((came - said)[known] ** 2).mean() / came[known].var())
    return found.value(name, seed, *list(found.books)[-1:]) if _traded(name) else found.value(name, seed)


def searched(seed: int, *, tries: int = 100, bars: int = 750) -> tuple[float, float]:
    """The best of `tries` strategies that know nothing: its probabilistic Sharpe ratio, and the deflated one.

    >>> once, often = searched(1)
    >>> once > 0.95 > often
    True
    """
    moves = np.random.default_rng((seed, 17)).normal(0.0, 0.01, (tries, bars))
    best = moves[(moves.mean(axis=1) / moves.std(axis=1, ddof=1)).argmax()]
    held = deflated_sharpe(best, trials=tries)
    return float(held.probabilistic), float(held.deflated)


def _traded(name: str) -> bool:
    return "return" in name


def _text(name: str) -> Text:
    en, zh = _TITLES[name]
    return Text(en=en, zh=zh)


def _study(name: str, **settings: Any) -> Study:
    return Study.of({**_PLAIN, **settings, "name": name, "title": {"en": _text(name).en, "zh": _text(name).zh}})


_PLAIN: dict[str, Any] = {
    "universe": [],
    "span": {"first": None, "last": None},
    "lookback": 1,
    "count": "rows",
    "label": {"name": "forward-return", "horizon": {"lag": 1, "span": 5}},
    "normaliser": {"name": "standard"},
    "target_scaling": {"name": "standard-target"},
    "split": {"name": "share-split", "train": 0.5},
    "model": {"name": "linear"},
    "training": None,
    "seeds": [0],
    "rivals": [],
    "strategy": {"name": "hold-after-signal", "days": 5},
    "markets": [{"name": "frictionless"}],
    "gates": 0,
}
_NET = {"name": "recurrent-network", "cell": {"name": "lstm", "hidden": 8}, "dense": []}
_CLOSE = {"lag": 0, "span": 1, "entry": "close", "exit": "close"}


def _settings(world: int) -> dict[str, dict[str, Any]]:
    """What each study says, the leaking ones as their honest one with a change."""
    noise = {"name": "noise-world", "sessions": 1200, "seed": world}
    stocks = {"name": "stock-world", "assets": 80, "sessions": 600, "seed": world, "ic": 0.0}
    nasdaq = {"name": "sample", "dataset": "nasdaq"}
    adam = {"optimiser": {"name": "adam", "rate": 0.01}}
    of_noise = {"name": "planted-noise", "count": 150, "seed": world}
    silent: dict[str, Any] = {"strategy": None, "markets": []}

    classes = {
        "source": noise,
        "factors": {"name": "planted-noise", "count": 24, "persistence": 0.98, "seed": world},
        "label": {"name": "return-classes", "horizon": {"lag": 1, "span": 20}, "thresholds": [0.015]},
        "target_scaling": {"name": "classes", "first": -1.0},
        "model": {**_NET, "cell": {"name": "lstm", "hidden": 32}, "outputs": 3},
        "training": {"loss": {"name": "cross-entropy"}, **adam, "epochs": 60, "batch": 64},
        **silent,
    }  # fmt: skip
    index = {
        "source": noise,
        "factors": {"name": "raw-fields", "fields": ["close", "volume"]},
        "lookback": 10,
        "normaliser": {"name": "window-z-score"},
    }
    factors = {"source": noise, "factors": of_noise}
    levels = {
        "source": {**noise, "sessions": 3000},
        "factors": {"name": "raw-fields", "fields": ["close"]},
        "label": {"name": "forward-return", "horizon": {"lag": 1, "span": 20}},
        "strategy": {"name": "hold-after-signal", "days": 20},
    }
    price = {
        **levels,
        "normaliser": {"name": "min-max"},
        "target_scaling": {"name": "min-max-target"},
        "label": {"name": "future-level", "horizon": _CLOSE},
        "rivals": [{"name": "persistence", "speaks": "level"}],
        **silent,
    }
    net = {
        **price,
        "source": nasdaq,
        "split": {"name": "share-split", "train": 0.7},
        "model": _NET,
        "training": {"loss": {"name": "mse"}, **adam, "epochs": 15, "batch": 64},
        "seeds": [world],
    }
    daily = {"label": {"name": "forward-return", "horizon": {"lag": 1, "span": 1}}, "strategy": {"name": "sign-follow"}}
    rule = {
        **daily,
        "source": noise,
        "factors": {"name": "raw-fields", "fields": ["close"]},
        "lookback": 2,
        "model": {"name": "persistence", "speaks": "return"},
    }
    sample = {
        **daily,
        "source": nasdaq,
        "factors": {"name": "price-ratios"},
        "model": {"name": "one-field", "field": "close_to_open"},
    }
    shares = {
        "source": stocks,
        "factors": {"name": "price-ratios"},
        "lookback": 5,
        "normaliser": {"name": "standard", "clip": 5.0},
        "strategy": {"name": "rank-and-hold", "names": 10, "days": 5, "sell_at": "open"},
        "markets": [{"name": "a-share"}],
    }
    axes = {
        "source": {**stocks, "assets": 40, "sessions": 500, "ic": 0.3},
        "factors": {"name": "raw-fields", "fields": ["open", "close", "high", "low", "volume"]},
        "lookback": 7,
        "normaliser": {"name": "window-z-score"},
        "label": {"name": "forward-return", "horizon": {"lag": 1, "span": 2}},
        "model": _NET,
        "training": {"loss": {"name": "mse"}, **adam, "epochs": 3, "batch": 128},
        **silent,
    }
    return {
        "index": index,
        "window-and-future": {**index, "normaliser": {"name": "window-and-future", "ahead": 5}},
        "centred-line": {**index, "factors": {"name": "centred-mean", "reach": 5}, "normaliser": {"name": "standard"}},
        "classes": classes,
        "random-windows": {**classes, "hold_out": {"name": "random-windows", "share": 0.1, "seed": 0}},
        "factors": factors,
        "overlapping-years": {**factors, "split": _overlapping(600, 900)},
        "chosen-on-all": {
            **factors,
            "factors": {"name": "chosen-on-all", "inner": {**of_noise, "count": 1000}, "count": 10, "span": 5},
        },
        "levels": levels,
        "scaled-by-itself": {**levels, "normaliser": {"name": "standard-each-side"}},
        "price": price,
        "net": net,
        "scaled-on-all": {**net, "normaliser": {"name": "fitted-on-all", "inner": net["normaliser"]}},
        "rule": rule,
        "own-bar": {**rule, "markets": [_early("open")]},
        "sample": sample,
        "deciding-close": {**sample, "markets": [_early("close")]},
        "shares": shares,
        "clipped-on-all": {**shares, "label": {"name": "clipped-on-all", "horizon": {"lag": 1, "span": 5}}},
        "todays-members": {**shares, "filters": [{"name": "todays-members", "largest": 20}]},
        "adjusted-lots": {**shares, "markets": [{"name": "adjusted-lots", "inner": {"name": "a-share"}}]},
        "impossible-fills": {**shares, "markets": [{"name": "impossible-fills", "inner": {"name": "a-share"}}]},
        "axes": axes,
        "scrambled-axes": {**axes, "model": {"name": "scrambled-axes", "inner": _NET, "rows": 5, "columns": 7}},
        "bars": {
            **price,
            "source": {"name": "rebar-world", "sessions": 240, "seed": world, "frequency": "60min"},
            "rivals": [],
            "strategy": {"name": "open-against-forecast", "rule": "as printed"},
            "markets": [{"name": "rebar-future"}],
        },
    }


def _early(at: str) -> dict[str, Any]:
    return {"name": "early-fills", "inner": {"name": "frictionless"}, "at": at}


def _overlapping(first: int, end: int) -> dict[str, Any]:
    """Judge from the bar that the honest study judges from, and learn on for a while: weekdays from 2000-01-03 on."""
    days = np.busday_offset(np.datetime64("2000-01-03"), np.array([first, end - 1])).astype(str)
    return {"name": "overlapping-split", "train_end": str(days[1]), "test_start": str(days[0])}
