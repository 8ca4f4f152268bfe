"""Losses of the order within a date: correlation, pairs, and lists.

None of them looks at the level of a score, and the correlation not at its spread either: what a cross-sectional
strategy trades is who stands above whom.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tidegate.learn.losses.dates import DateLoss, Lists

if TYPE_CHECKING:
    import torch

__all__ = ["IC", "ListMLE", "ListNet", "Pairwise"]

_ROOM = 1 << 22


class IC(DateLoss):
    """One minus the correlation of scores and targets within the date: ``1 - cov(s, y) / (σ_s σ_y)``.

    With `against` at "ranks" the targets are replaced by their ranks within the date (ties share theirs), so that a few
    extreme returns don't decide. A date on which all scores are one has a correlation of zero and no gradient.

    >>> import torch
    >>> score, day = torch.tensor([[1.0], [3.0], [5.0]]), torch.zeros(3, dtype=torch.int64)
    >>> round(IC().value(score, torch.tensor([0.1, 0.2, 0.3]), None, day).item(), 6)
    0.0
    """

    name: ClassVar[str] = "ic"

    against: Literal["values", "ranks"] = Field(default="values", description="what of the targets is correlated")

    def each(self, lists: Lists) -> "torch.Tensor":
        """Compute every date's correlation."""
        import torch

        target = (
            _ranks(lists) if self.against == "ranks" else lists.target.where(lists.there, lists.target.new_zeros(()))
        )
        share = lists.weight / lists.weight.sum(dim=1, keepdim=True)
        level = (share * lists.score).sum(dim=1, keepdim=True)
        score = lists.score - level
        target = target.to(score.dtype) - (share * target.to(score.dtype)).sum(dim=1, keepdim=True)
        spread, width = (share * score.square()).sum(dim=1), (share * target.square()).sum(dim=1)
        limits = torch.finfo(score.dtype)
        flat = spread <= (4 * limits.eps * level[:, 0].detach()).square() + limits.tiny
        together = (share * score * target).sum(dim=1)
        correlation = together / (spread.where(~flat, torch.ones_like(spread)).sqrt() * width.sqrt())
        return 1.0 - correlation.where(~flat, torch.zeros_like(spread))


class Pairwise(DateLoss):
    """``mean log(1 + e^{-(s_i - s_j)})`` over all pairs of a date with ``y_i > y_j`` (RankNet, Burges et al. 2005).

    A pair weighs ``w_i w_j``. The work grows with the square of a date's windows.

    >>> import torch
    >>> score, day = torch.tensor([[2.0], [2.0]]), torch.zeros(2, dtype=torch.int64)
    >>> round(Pairwise().value(score, torch.tensor([0.1, 0.2]), None, day).item(), 4)
    0.6931
    """

    name: ClassVar[str] = "pairwise"

    def each(self, lists: Lists) -> "torch.Tensor":
        """Average over the pairs of every date."""
        import torch

        dates = max(1, _ROOM // lists.score.shape[1] ** 2)
        found = []
        for score, target, weight, there in zip(*(torch.split(part, dates) for part in lists), strict=True):
            above = (target[:, :, None] > target[:, None, :]) & there[:, :, None] & there[:, None, :]
            pair = (weight[:, :, None] * weight[:, None, :]).where(above, weight.new_zeros(()))
            wrong = torch.nn.functional.softplus(score[:, None, :] - score[:, :, None])
            found.append((pair * wrong).sum(dim=(1, 2)) / pair.sum(dim=(1, 2)))
        return torch.cat(found)


class ListNet(DateLoss):
    """``-Σ_i P_y(i) log P_s(i)`` with ``P_s = softmax(s)``, ``P_y = softmax(y / τ)`` (top-one, Cao et al. 2007).

    `temperature` τ is in the unit that the network is trained on: the smaller, the more the very best alone count.

    >>> import torch
    >>> score, day = torch.zeros(2, 1), torch.zeros(2, dtype=torch.int64)
    >>> round(ListNet().value(score, torch.tensor([0.0, 1.0]), None, day).item(), 4)
    0.6931
    """

    name: ClassVar[str] = "list-net"

    temperature: float = Field(default=1.0, gt=0, description="τ, by which targets are divided")

    def each(self, lists: Lists) -> "torch.Tensor":
        """Compare the two laws of who comes first."""
        void = lists.score.new_tensor(float("-inf"))
        counts = lists.weight.log()
        target = (lists.target / self.temperature).to(lists.score.dtype).where(lists.there, void)
        hoped = (target + counts).softmax(dim=1)
        level = (lists.score.where(lists.there, void) + counts).logsumexp(dim=1, keepdim=True)
        return (hoped * (level - lists.score)).sum(dim=1)


class ListMLE(DateLoss):
    """``-Σ_i log(e^{s_i} / Σ_{y_j ≤ y_i} e^{s_j}) / N``: how likely the true order is (Plackett-Luce; Xia et al. 2008).

    Windows of equal targets are taken in the order in which they come.

    >>> import torch
    >>> score, day = torch.zeros(2, 1), torch.zeros(2, dtype=torch.int64)
    >>> round(ListMLE().value(score, torch.tensor([0.0, 1.0]), None, day).item(), 4)
    0.3466
    """

    name: ClassVar[str] = "list-mle"

    def each(self, lists: Lists) -> "torch.Tensor":
        """Draw the best, then the best of the rest, and so on down, all at once from the worst up."""
        order = lists.target.argsort(dim=1, stable=True)
        score, weight = lists.score.gather(1, order), lists.weight.gather(1, order)
        below = (score + weight.clamp(min=1e-30).log()).logcumsumexp(dim=1)
        return (weight * (below - score)).sum(dim=1) / weight.sum(dim=1)


def _ranks(lists: Lists) -> "torch.Tensor":
    """Ranks of targets within each date ``[D, N]`` from 0, shared by ties; zero where nothing is there."""
    import torch

    ordered = lists.target.sort(dim=1).values
    held = lists.target.contiguous()
    first, last = torch.searchsorted(ordered, held), torch.searchsorted(ordered, held, right=True)
    return ((first + last - 1) * 0.5).where(lists.there, torch.zeros((), device=held.device))
