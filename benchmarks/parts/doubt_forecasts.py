"""Tests and intervals of forecasts, on worlds whose truth is known."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import norm, rankdata

from parts.doubt_draws import LEVEL, Row, covered, overlapping, rejected, slow
from tidegate.evaluate.doubt import overlap
from tidegate.evaluate.doubt.direction import direction_hac, pesaran_timmermann
from tidegate.evaluate.doubt.duel import diebold_mariano
from tidegate.evaluate.doubt.skill import skill_hac

__all__ = ["direction", "duels", "errors", "means", "over_time"]

WORLDS, BARS, SPAN = 4000, 500, 5
FIXED, APART = "all dates, fixed-b", "dates that share no bar"


def means(rng: np.random.Generator) -> Iterator[Row]:
    """The mean of a cross-section's daily IC."""
    for bars, span in ((60, 1), (120, 1), (250, 5), (500, 5), (500, 20), (1000, 20), (2500, 20)):
        series = overlapping(rng, WORLDS, bars, span)
        what = f"size: mean IC, {bars} dates, labels over {span}"
        ways = {
            "plain t": overlap.mean_plain(series, span=span, level=LEVEL),
            "Newey and West, lag h - 1": overlap.mean_newey_west(series, lag=span - 1, span=span, level=LEVEL),
            FIXED: overlap.mean_hac(series, span=span, level=LEVEL),
            APART: overlap.mean_apart(series, span=span, level=LEVEL),
        }
        for way, found in ways.items():
            if span > 1 or not way.startswith("Newey"):
                yield Row(what, way, rejected(found.p_value), 0.05, WORLDS)
    series = overlapping(rng, WORLDS, BARS, SPAN)
    for truth in (0.02, 0.05):
        for way, test in ((FIXED, overlap.mean_hac), (APART, overlap.mean_apart)):
            found = test(truth + 0.1 * series, span=SPAN, level=LEVEL)
            what = f"mean IC {truth}, daily spread 0.1, {BARS} dates, labels over {SPAN}"
            yield Row(f"coverage: {what}", way, covered(found, truth), LEVEL, WORLDS)
            yield Row(f"power: {what}", way, rejected(found.p_value), None, WORLDS)


def over_time(rng: np.random.Generator) -> Iterator[Row]:
    """The IC of one instrument over time."""
    for rho in (0.9, 0.97):
        scores, labels = slow(rng, WORLDS, BARS, rho), overlapping(rng, WORLDS, BARS, SPAN)
        what = f"IC over time, {BARS} bars, labels over {SPAN}, score memory {rho}"
        for way, test in (("plain t", overlap.ic_plain), (FIXED, overlap.ic_hac), (APART, overlap.ic_apart)):
            yield Row(
                f"size: {what}", way, rejected(test(scores, labels, span=SPAN, level=LEVEL).p_value), 0.05, WORLDS
            )
        for truth in (0.05, 0.2):
            mixed = truth * scores + np.sqrt(1 - truth**2) * labels
            for way, test in ((FIXED, overlap.ic_hac), (APART, overlap.ic_apart)):
                found = test(scores, mixed, span=SPAN, level=LEVEL)
                yield Row(f"coverage: IC {truth}{what[2:]}", way, covered(found, truth), LEVEL, WORLDS)
    heavy = rng.standard_t(4, (WORLDS, BARS)), rng.standard_t(4, (WORLDS, BARS))
    what = f"over time, {BARS} bars, both sides Student 4"
    yield Row(f"size: IC {what}", FIXED, rejected(overlap.ic_hac(*heavy, span=1, level=LEVEL).p_value), 0.05, WORLDS)
    ranks = (rankdata(side, axis=1) for side in heavy)
    found = overlap.ic_hac(*ranks, span=1, level=LEVEL)
    yield Row(f"size: rank IC {what}", FIXED, rejected(found.p_value), 0.05, WORLDS)


def duels(rng: np.random.Generator) -> Iterator[Row]:
    """Two forecasts that are equally good, and two that are not."""
    for span, bars in ((1, 24), (1, 60), (1, 250), (5, 60), (5, 250), (20, 250), (20, 1000)):
        ours, theirs = (overlapping(rng, WORLDS, bars, span) ** 2 for _ in range(2))
        what = f"size: equal forecasts, {bars} bars, labels over {span}"
        plain = overlap.mean_newey_west(theirs - ours, lag=span - 1, span=span, level=LEVEL)
        found = diebold_mariano(ours, theirs, span=span, level=LEVEL)
        wide = overlap.mean_hac(theirs - ours, span=span, level=LEVEL)
        yield Row(what, "Bartlett, normal", rejected(plain.p_value), 0.05, WORLDS)
        yield Row(what, "Diebold and Mariano, small-sample", rejected(found.p_value), 0.05, WORLDS)
        yield Row(what, "the same difference, fixed-b", rejected(wide.p_value), 0.05, WORLDS)
    bars, gain = 250, 0.8
    ours, theirs = (overlapping(rng, WORLDS, bars, SPAN) for _ in range(2))
    found = diebold_mariano((gain * ours) ** 2, theirs**2, span=SPAN, level=LEVEL)
    wide = overlap.mean_hac(theirs**2 - (gain * ours) ** 2, span=SPAN, level=LEVEL)
    what = f"power: RMSE a fifth lower, {bars} bars, labels over {SPAN}"
    yield Row(what, "Diebold and Mariano, small-sample", rejected(found.p_value), None, WORLDS)
    yield Row(what, "the same difference, fixed-b", rejected(wide.p_value), None, WORLDS)


def direction(rng: np.random.Generator) -> Iterator[Row]:
    """The share of right directions beyond luck, where both sides mostly rise."""
    for bars, span, rho in ((250, 1, 0.0), (500, 5, 0.9), (500, 20, 0.97)):
        score, truth = 0.4 + slow(rng, WORLDS, bars, rho), 0.3 + overlapping(rng, WORLDS, bars, span)
        what = f"size: direction, {bars} bars, labels over {span}, score memory {rho:g}"
        one = pesaran_timmermann(score, truth)
        yield Row(what, "Pesaran and Timmermann, all bars", rejected(one.p_value), 0.05, WORLDS)
        apart = pesaran_timmermann(score[:, ::span], truth[:, ::span])
        if span > 1:
            yield Row(what, "Pesaran and Timmermann, bars apart", rejected(apart.p_value), 0.05, WORLDS)
        found = direction_hac(score, truth, span=span, level=LEVEL)
        yield Row(what, FIXED, rejected(found.p_value), 0.05, WORLDS)
    truth = overlapping(rng, WORLDS, BARS, SPAN)
    score = 0.2 * truth + np.sqrt(1 - 0.04) * slow(rng, WORLDS, BARS, 0.9)
    what = f"right {0.5 + np.arcsin(0.2) / np.pi:.3f} of the time, {BARS} bars, labels over {SPAN}"
    found = direction_hac(score, truth, span=SPAN, level=LEVEL)
    yield Row(f"power: {what}", FIXED, rejected(found.p_value), None, WORLDS)
    hits = ((score > 0) == (truth > 0)).astype(np.float64)
    found = overlap.mean_hac(hits, span=SPAN, level=LEVEL)
    yield Row(f"coverage: share {what}", FIXED, covered(found, 0.5 + np.arcsin(0.2) / np.pi), LEVEL, WORLDS)


def errors(rng: np.random.Generator) -> Iterator[Row]:
    """RMSE, MAE and skill."""
    for bars, span in ((250, 1), (500, 5), (500, 20)):
        truth = overlapping(rng, WORLDS, bars, span)
        score = 0.3 * truth + 0.3 * slow(rng, WORLDS, bars, 0.9)
        gap, what = score - truth, f"{bars} bars, labels over {span}"
        scale = float(np.sqrt(0.7**2 + 0.3**2))
        found = skill_hac(gap**2, truth**2, span=span, level=LEVEL)
        yield Row(f"coverage: skill {1 - scale**2:.2f}, {what}", FIXED, covered(found, 1 - scale**2), LEVEL, WORLDS)
        mean = overlap.mean_hac(np.abs(gap), span=span, level=LEVEL)
        yield Row(f"coverage: MAE, {what}", FIXED, covered(mean, scale * 2 * norm.pdf(0)), LEVEL, WORLDS)
        root = np.sqrt((gap**2).mean(axis=1))
        size = overlap.hac(root, (gap**2 - root[:, None] ** 2) / (2 * root[:, None]), span=span, level=LEVEL)
        yield Row(f"coverage: RMSE, {what}", FIXED, covered(size, scale), LEVEL, WORLDS)
