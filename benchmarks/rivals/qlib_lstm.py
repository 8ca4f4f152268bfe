"""Qlib's LSTM over time series (``pytorch_lstm_ts``) as its users run it, on a market that stands in memory.

Everything timed is Qlib's own: its handler and processors, its `TSDataSampler`, torch's `DataLoader` around it with
batches, workers and dropping as its `fit` sets them, its `train_epoch` and `test_epoch`. One thing is exchanged: the
`DataLoader` takes the samples in an order that is given, where `fit` lets it draw one, so that both sides see the same.
"""

import logging
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import qlib
import torch
from qlib.contrib.model.pytorch_lstm_ts import LSTM
from qlib.data.dataset import TSDatasetH
from qlib.data.dataset.handler import DataHandlerLP
from qlib.model.utils import ConcatDataset

from parts.ranked import Market, Span

__all__ = ["QlibEpoch", "recorded", "weights_of"]


class QlibEpoch:
    """Qlib's model and samplers; a window is named by its asset and its last day."""

    def __init__(
        self, make: Callable[[], Market], span: Span, hidden: int, layers: int, batch: int, workers: int
    ) -> None:
        self.hidden, self.layers, self.batch, self.workers = hidden, layers, batch, workers
        dataset, assets, self.fields = _dataset(make, span)
        self.train, self.valid = (
            dataset.prepare(which, col_set=["feature", "label"], data_key=DataHandlerLP.DK_L)
            for which in ("train", "valid")
        )
        self.where = np.full((assets, span.train + span.valid), -1)
        for sampler, first in ((self.train, 0), (self.valid, span.train)):
            sampler.config(fillna_type="ffill+bfill")
            index = sampler.get_index()
            dates = index.get_level_values("datetime")
            day = first + dates.unique().sort_values().get_indexer(dates)
            asset = index.get_level_values("instrument").str[2:].astype(int).to_numpy()
            self.where[asset, day] = np.arange(len(sampler))

    def model(self) -> LSTM:
        """Qlib's model with the first weights of its seed 0."""
        size = {"d_feat": self.fields, "hidden_size": self.hidden, "num_layers": self.layers}
        return LSTM(**size, batch_size=self.batch, n_jobs=self.workers, GPU=-1, seed=0)

    def loader(self, sampler: object, asset: np.ndarray, day: np.ndarray) -> torch.utils.data.DataLoader:
        """The loader that `fit` builds, in the given order."""
        return torch.utils.data.DataLoader(
            ConcatDataset(sampler, np.ones(len(sampler))),
            batch_size=self.batch,
            sampler=self.where[asset, day].tolist(),
            num_workers=self.workers,
            drop_last=True,
        )

    def epoch(self, made: LSTM, trained: tuple, again: tuple, validated: tuple) -> tuple[float, float]:
        """One round of `fit`'s loop on windows (assets, days): losses over training and validation windows."""
        made.train_epoch(self.loader(self.train, *trained))
        train, _ = made.test_epoch(self.loader(self.train, *again))
        valid, _ = made.test_epoch(self.loader(self.valid, *validated))
        return float(train), float(valid)


def weights_of(made: LSTM) -> dict[str, torch.Tensor]:
    """Qlib's weights under our names, its two biases as their sum."""
    held = made.LSTM_model.state_dict()
    same = {"head.kernel": held["fc_out.weight"], "head.bias": held["fc_out.bias"]}
    for at in range(made.num_layers):
        same[f"stack.layers.{at}.kernel"] = held[f"rnn.weight_ih_l{at}"]
        same[f"stack.layers.{at}.recurrent"] = held[f"rnn.weight_hh_l{at}"]
        same[f"stack.layers.{at}.bias"] = held[f"rnn.bias_ih_l{at}"] + held[f"rnn.bias_hh_l{at}"]
    return {name: weight.clone() for name, weight in same.items()}


def recorded(made: LSTM) -> list[float]:
    """Let the model keep the loss of every batch from now on."""
    kept: list[float] = []
    plain = made.loss_fn

    def loss_fn(pred, label, weight):
        loss = plain(pred, label, weight)
        kept.append(loss.item())
        return loss

    made.loss_fn = loss_fn
    return kept


def _dataset(make: Callable[[], Market], span: Span) -> tuple[TSDatasetH, int, int]:
    """The market as Qlib's examples prepare it, its assets and fields; our own arrays are let go once it has them."""
    qlib.init(provider_uri="./nothing", region="cn", logging_level=logging.CRITICAL, skip_if_reg=True)
    given = make()
    assets, days, fields = given.factors.shape
    dates = pd.bdate_range("2015-01-05", periods=days)
    index = pd.MultiIndex.from_product([dates, [f"SH{n:06d}" for n in range(assets)]], names=["datetime", "instrument"])
    columns = pd.MultiIndex.from_tuples([*[("feature", f"F{n:02d}") for n in range(fields)], ("label", "LABEL0")])
    values = np.empty((days, assets, fields + 1), np.float32)
    values[:, :, :fields], values[:, :, fields] = given.factors.transpose(1, 0, 2), given.label.T
    del given
    frame = pd.DataFrame(values.reshape(assets * days, fields + 1), index=index, columns=columns, copy=False)
    del values
    ends = {"fit_start_time": dates[0], "fit_end_time": dates[span.train - 1]}
    source = {"class": "StaticDataLoader", "module_path": "qlib.data.dataset.loader", "kwargs": {"config": frame}}
    robust = {"fields_group": "feature", "clip_outlier": True, **ends}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        handler = DataHandlerLP(
            data_loader=source,
            infer_processors=[
                {"class": "RobustZScoreNorm", "kwargs": robust},
                {"class": "Fillna", "kwargs": {"fields_group": "feature"}},
            ],
            learn_processors=["DropnaLabel", {"class": "CSRankNorm", "kwargs": {"fields_group": "label"}}],
        )
    segments = {
        "train": (dates[0], dates[span.train - 1]),
        "valid": (dates[span.train], dates[span.train + span.valid - 1]),
    }
    return TSDatasetH(handler=handler, segments=segments, step_len=span.lookback), assets, fields
