"""Synthetic truth for the monthly studies: a planted signal is found and covered, and noise is left alone.

    python benchmarks/monthly_worlds.py            # ten worlds with a signal, ten without, and as many networks
    python benchmarks/monthly_worlds.py 5 2        # five of each, two networks of each
    python benchmarks/monthly_worlds.py 0 5 whole  # networks of the trials' size, on markets five times as wide

Each world is a `ShareWorld`. It goes through the rooms of `multifactor-lstm` in its quick form; two things are judged:

factor    the 48 factors at months' ends, before any step: rank correlation of return on equity, which tells the planted
          signal, with the next month's return, over months. Truth: ``6/π · asin(ρ/2)``, the rank correlation of two
          normals with the planted correlation ρ, the mean over those months. Beside it, how many of the other 47 are
          flagged at 5 % (two-sided, fixed-b); where something is planted, other factors of profit tell it too.
network   the steps by date, windows of 24 months, classes of the next month, a tenth held out at random, a small
          network of one seed: accuracy out of sample less that of the same answers dealt out within each month. Truth:
          the same of the same fitted network on another world of the same law, of which it has seen nothing; 0 where
          nothing is planted.

A row counts how often the interval at 95 % holds the truth, and how often it lies above or below zero. Ends with
status 1 where a count falls outside what luck allows (a binomial's 0.1 % ends). Steps that take industries out of a
factor need shares enough of each: with 35 shares, a good part of what is planted goes with them.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.stats import binom

from tidegate.data.months import by_month
from tidegate.data.share_world import ShareWorld
from tidegate.evaluate.classified import Classified, judge_accuracy
from tidegate.evaluate.doubt.overlap import mean_hac
from tidegate.factors.styles.multi_factor import MultiFactor
from tidegate.learn.fit import load_fitted
from tidegate.prepare.label import forward_return
from tidegate.prepare.rank_correlation import rank_correlations
from tidegate.study.fitting import Job, fit_stages, perform, said_of
from tidegate.study.ground import seen_bars, seen_reports, stand
from tidegate.study.records import load_forecast, load_panel, load_windows
from tidegate.study.stages import Stages
from tidegate.types.forecast import Forecast
from tidegate.types.history import History
from tidegate_studies.multifactor import PRINTED
from tidegate_studies.multifactor_lstm import declare

WIDE = {"assets": 500, "sessions": 2900}
COUNT, IC, LEVEL, LEAST, SAID = 10, 0.2, 0.95, 20, "return_on_equity"
VALUES = np.array([-1.0, 0.0, 1.0])


def world_of(seed, ic, assets=100, sessions=1200):
    return ShareWorld(assets=assets, sessions=sessions, seed=seed, ic=ic)


def study_of(world, whole=False):
    lead = declare(world).study("base") if whole else declare(world, quick=True).study("published")
    return lead.but(strategy=None, markets=(), reads="score", gates=0, seeds=(0,), rivals=(), watch_test=False)


def stood(study, stages):
    standing = stand(study, seen_bars(study, study.source.bars()), stages, seen_reports(study, study.source.reported()))
    panel = load_panel(standing.ground.panel.folder)
    return standing, panel, load_windows(standing.ground.windows.folder, panel)


def factor_row(world):
    """Rank correlations of every factor with the next month, tested over months; the truth for the one that tells."""
    bars = world.bars()
    history = History.of(bars, by_month(bars), world.reported())
    made = MultiFactor().at(history)
    panel = made.panel(history.rows)
    came = forward_return(history.rows, panel, PRINTED, "rows")
    series = np.full((len(panel.times), len(made.fields)), np.nan)
    for month in range(len(panel.times)):
        rows = np.flatnonzero((panel.row_time == month) & np.isfinite(came))
        if rows.size >= LEAST:
            found, common = rank_correlations(np.column_stack([made.values[rows], came[rows]]))
            series[month] = np.where(common[-1, :-1] >= LEAST, found[-1, :-1], np.nan)
    tested = {}
    for name, column in zip(made.fields, series.T, strict=True):
        if np.isfinite(column).sum() > 1:
            tested[name] = mean_hac(column[np.isfinite(column)], span=1, level=LEVEL)
    one, held = tested[SAID], np.isfinite(series[:, made.fields.index(SAID)])
    planted = world.planted()
    at = np.searchsorted(planted.ends.astype("datetime64[D]"), panel.times[held].astype("datetime64[D]"))
    truth = float(np.mean(6 / np.pi * np.arcsin(planted.coefficients[at] / 2)))
    others = sum(t.p_value < 1 - LEVEL for name, t in tested.items() if name != SAID)
    return {
        "truth": truth, "estimate": float(one.estimate), "low": float(one.low), "high": float(one.high),
        "months": int(held.sum()), "others": int(others),
    }  # fmt: skip


def edge(forecast):
    (found,) = [m for m in judge_accuracy(Classified.of(forecast, VALUES), {}, level=LEVEL) if m.name == "class_dealt"]
    return found


def network_row(study, standing, stages, other):
    job = Job(study, "model", study.seeds[0], standing.ground)
    found = edge(load_forecast(stages.root / "forecast" / perform(job, stages.root, lambda _: None)))
    row = {"estimate": found.value, "low": found.low, "high": found.high, "months": found.n}
    if other is None:
        return {**row, "truth": 0.0}
    ((_, fit),) = fit_stages(job, stages)
    learned, windows = load_fitted(fit.folder), other
    affine = study.normaliser.fit(windows, np.arange(len(windows)))
    said = said_of(windows, 0, affine, learned, np.flatnonzero(np.isfinite(windows.target)))
    elsewhere = Forecast.of(said, study.label.horizon, study.label.unit, {0: learned.fingerprint})
    return {**row, "truth": edge(elsewhere).value}


def judged(what, ic, made):
    """One line of counts, and what luck does not allow."""
    covered = sum(row["low"] <= row["truth"] <= row["high"] for row in made)
    above, below = sum(row["low"] > 0 for row in made), sum(row["high"] < 0 for row in made)
    told = {"what": what, "ic": ic, "worlds": len(made), "covered": covered, "above": above, "below": below}
    for name in ("truth", "estimate", *(("others",) if what == "factor" else ())):
        told[name] = round(float(np.mean([row[name] for row in made])), 4)
    wrong = []
    if covered < binom.ppf(0.001, len(made), LEVEL):
        wrong.append(f"{what} at {ic}: covered {covered} of {len(made)}")
    if ic and what == "factor" and above < 0.8 * len(made):
        wrong.append(f"{what} at {ic}: found {above} of {len(made)}")
    if not ic and above + below > binom.ppf(0.999, len(made), 1 - LEVEL):
        wrong.append(f"{what} without a signal: flagged {above + below} of {len(made)}")
    return told, wrong


def networks(ic, count, whole):
    """Fit one network in each world; where something is planted, each is asked about a world it has not seen."""
    made, size = [], WIDE if whole else {}
    with TemporaryDirectory() as folder:
        stages = Stages(Path(folder))
        other = stood(study_of(world_of(999, ic, **size), whole), stages)[2] if ic else None
        for seed in range(count):
            study = study_of(world_of(seed, ic, **size), whole)
            made.append(network_row(study, stood(study, stages)[0], stages, other))
            print(f"network, ic {ic}, seed {seed}: {made[-1]}", flush=True)
    return made


def main(count, fitted, whole=False):
    from parts.record import keep

    kept, wrong = [], []
    network = "network, whole" if whole else "network"
    for what, worlds in (("factor", count), (network, fitted)):
        if not worlds:
            continue
        for ic in (IC, 0.0):
            if what == "factor":
                made = []
                for seed in range(worlds):
                    made.append(factor_row(world_of(seed, ic)))
                    print(f"factor, ic {ic}, seed {seed}: {made[-1]}", flush=True)
            else:
                made = networks(ic, worlds, whole)
            told, amiss = judged(what, ic, made)
            kept.append(told)
            wrong += amiss
            print(told, flush=True)
    keep("monthly_worlds", kept)
    for words in wrong:
        print(words)
    return 1 if wrong else 0


if __name__ == "__main__":
    odd = [text for text in sys.argv[1:] if not text.isdigit() and text != "whole"]
    if odd:
        sys.exit(f"expected numbers of worlds and of networks, and `whole`; found {odd}")
    given = [int(text) for text in sys.argv[1:] if text.isdigit()] or [COUNT]
    sys.exit(main(given[0], given[-1], "whole" in sys.argv))
