"""What losses of dates have in common: a batch is laid out as one list per date, each loss is a mean over the lists.

A date on which all targets are equal (or with one window) has no order to be learned and doesn't count. Each other date
counts once, however many windows it has; within it a window of weight two counts as two windows would.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from tidegate.errors import SettingError
from tidegate.learn.losses.base import Loss, Said
from tidegate.types.axes import FloatArray

if TYPE_CHECKING:
    import torch

__all__ = ["DateLoss", "Lists", "by_date"]


class Lists(NamedTuple):
    """Windows by date, ``[D, N]``: D dates that have an order, N the longest; `there` is False where a list is shorter.

    Scores are zero, targets ``+inf`` and weights zero where nothing is there.
    """

    score: "torch.Tensor"
    target: "torch.Tensor"
    weight: "torch.Tensor"
    there: "torch.Tensor"


def by_date(
    score: "torch.Tensor", target: "torch.Tensor", weight: "torch.Tensor | None", group: "torch.Tensor"
) -> Lists:
    """Lay windows ``[B]`` out by the session that `group` ``[B]`` names, dates in order, windows as they come.

    >>> import torch
    >>> by_date(torch.ones(4), torch.arange(4.0), None, torch.tensor([7, 5, 7, 3])).target.tolist()
    [[0.0, 2.0]]
    """
    import torch

    order = torch.argsort(group, stable=True)
    counts = torch.unique_consecutive(group[order], return_counts=True)[1]
    place = torch.arange(int(counts.max()), device=group.device)
    there = place < counts[:, None]
    taken = order[torch.where(there, (counts.cumsum(0) - counts)[:, None] + place, 0)]
    targets = target[taken]
    low = targets.where(there, targets.new_tensor(torch.inf)).amin(dim=1)
    high = targets.where(there, targets.new_tensor(-torch.inf)).amax(dim=1)
    ranked = high > low
    taken, there, targets = taken[ranked], there[ranked], targets[ranked]
    scores = score.index_select(0, taken.flatten()).view(taken.shape)
    weights = torch.ones_like(scores) if weight is None else weight[taken].to(scores.dtype)
    return Lists(
        scores.where(there, scores.new_zeros(())),
        targets.where(there, targets.new_tensor(torch.inf)),
        weights.where(there, weights.new_zeros(())),
        there,
    )


class DateLoss(Loss):
    """A loss of the order within each date: the mean over the dates of a batch that have one."""

    by_window: ClassVar[bool] = False

    @abstractmethod
    def each(self, lists: Lists) -> "torch.Tensor":
        """The loss of each date ``[D]``."""

    def value(
        self,
        score: "torch.Tensor",
        target: "torch.Tensor",
        weight: "torch.Tensor | None",
        group: "torch.Tensor | None" = None,
    ) -> "torch.Tensor":
        """Average over dates; zero, with a gradient of zero, where no date has an order."""
        lists = by_date(score[:, 0], target, weight, self._told(group))
        return self.each(lists).mean() if lists.score.shape[0] else score.sum() * 0.0

    def mass(
        self, target: "torch.Tensor", weight: "torch.Tensor | None", group: "torch.Tensor | None" = None
    ) -> "torch.Tensor":
        """Count the dates that have an order."""
        lists = by_date(target, target, weight, self._told(group))
        return target.new_tensor(lists.score.shape[0], dtype=target.double().dtype)

    def check(self, target: FloatArray, outputs: int) -> None:  # noqa: ARG002
        """Refuse a network of several outputs."""
        if outputs != 1:
            raise SettingError(
                f"the loss {self.name!r} orders windows by one score",
                expected="1 output",
                found=f"{outputs} outputs",
                hint="set the network's outputs to 1",
            )

    def fit(self, target: FloatArray, weight: FloatArray, outputs: int) -> Loss:  # noqa: ARG002
        """Learn nothing."""
        self.check(target, outputs)
        return self

    def said(self, outputs: FloatArray) -> Said:
        """The output is the score; only its order within a date was learned."""
        return Said(outputs[:, 0])

    def _told(self, group: "torch.Tensor | None") -> "torch.Tensor":
        if group is None:
            raise SettingError(
                f"the loss {self.name!r} must be told which windows share a session", hint="hand it `group`"
            )
        return group
