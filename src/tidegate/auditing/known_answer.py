"""A world with a known answer (L9): intervals must cover the true IC as often as they say, at the study's own size.

Scores are given an exact correlation with labels that overlap as the study's do, over as many dates and assets as it
judges; the very functions that judge the study then say an IC and an interval. No model is fitted: what is tested is
the yardstick.
"""

import numpy as np
import polars as pl

from tidegate.auditing.ground import Ground
from tidegate.auditing.verdict import Change, Verdict
from tidegate.auditing.walk import Walk
from tidegate.evaluate.forecasts import judge_forecast
from tidegate.types.clock import Horizon
from tidegate.types.forecast import Forecast
from tidegate.types.report import Text

__all__ = ["coverage_of", "known_answers"]

TRUE = (0.0, 0.02, 0.05)
_DRAWS, _LEVEL, _LEAST = 60, 0.95, 60
_LOW, _HIGH = 0.84, 1.0
"""Of 180 intervals of 95 %, fewer than 84 % cover the truth once in more than a million times."""


def known_answers(ground: Ground, base: Walk, *, draws: int = _DRAWS, seed: int = 0) -> Verdict:
    """L9: the share of intervals that cover the true IC, in worlds of the study's own dates, assets and horizon."""
    if not base.forecasts:
        return Verdict(
            test="L9", status="not tested", words=Text(en="nothing is forecast", zh="没有预测"), on=ground.on
        )
    frame = next(iter(base.forecasts.values())).frame
    dates, span = frame["time"].n_unique(), ground.study.label.horizon.span
    assets = max(1, round(frame.height / dates))
    if dates // span < _LEAST // 3:
        words = Text(en=f"{dates // span} independent periods are too few", zh=f"仅 {dates // span} 个独立区间，太少")
        return Verdict(test="L9", status="not tested", words=words, on=ground.on)
    shares = {true: coverage_of(true, dates, assets, span, draws, seed) for true in TRUE}
    told = ", ".join(f"{share:.0%} at IC {true:g}" for true, share in shares.items())
    mean = float(np.mean(list(shares.values())))
    words = Text(
        en=f"intervals of 95 % over {dates} dates, {assets} assets and labels of {span} bars cover the truth: {told}",
        zh=f"{dates} 个日期、{assets} 个标的、标签跨 {span} 根K线时，95% 区间覆盖真值的比例：{told}",
    )
    if _LOW <= mean <= _HIGH:
        return Verdict(test="L9", status="passed", words=words, cuts=draws * len(TRUE), on=ground.on)
    change = Change(
        room="measures", where="coverage of the interval of IC", expected="95 %", found=f"{mean:.0%}", moved=False
    )
    return Verdict(
        test="L9", status="failed", words=words, cuts=draws * len(TRUE), on=ground.on, first=change, path=(change,),
        hint="trust the figures of this study less than their intervals say",
    )  # fmt: skip


def coverage_of(true: float, dates: int, assets: int, span: int, draws: int, seed: int) -> float:
    """The share of `draws` worlds in which the interval of `judge_forecast` covers the IC that was planted.

    Formula
        Bars' shocks e are independent normals; the label is their sum over `span` bars, over √span. The score is
        ``true · label + √(1 - true²) · s``, s a sum of the same form of shocks of its own: both overlap alike.

    >>> coverage_of(0.05, 120, 40, 1, 20, seed=1) > 0.8
    True
    """
    generator, hits = np.random.default_rng((seed, round(1e4 * true), 9)), 0
    times = (np.datetime64("2000-01-01") + np.arange(dates)).astype("datetime64[us]")
    names = [f"{n:04d}" for n in range(assets)]
    keys = pl.DataFrame({"time": np.repeat(times, assets), "asset": names * dates})
    for _ in range(draws):
        shocks = generator.standard_normal((2, dates + span, assets))
        summed = np.cumsum(shocks, axis=1)
        label, other = (summed[:, span:] - summed[:, :-span]) / np.sqrt(span)
        score = true * label + np.sqrt(1 - true**2) * other
        frame = keys.with_columns(score=pl.Series(score.ravel()), truth=pl.Series(label.ravel()), fold=pl.lit(0))
        hits += _covers(Forecast.of(frame, Horizon(lag=1, span=span), "return", {0: "known"}), true)
    return hits / draws


def _covers(forecast: Forecast, true: float) -> bool:
    for measure in judge_forecast(forecast, {"member": "known"}, reference=None, reference_name="", level=_LEVEL):
        if measure.name == "ic":
            assert measure.low is not None
            assert measure.high is not None
            return bool(measure.low <= true <= measure.high)
    return False
