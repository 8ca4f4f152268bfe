"""Losses: how wrong a batch is, as one number to be made small; one small family a file."""

from tidegate.learn.losses.base import Loss, Said
from tidegate.learn.losses.classes import BinaryCrossEntropy, CrossEntropy, Focal
from tidegate.learn.losses.ranking import IC, ListMLE, ListNet, Pairwise
from tidegate.learn.losses.regression import MAE, MSE, Huber, Quantile

__all__ = [
    "IC", "MAE", "MSE", "BinaryCrossEntropy", "CrossEntropy", "Focal", "Huber", "ListMLE", "ListNet", "Loss",
    "Pairwise", "Quantile", "Said",
]  # fmt: skip
