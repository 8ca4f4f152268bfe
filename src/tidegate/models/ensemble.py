"""An ensemble: several networks of one declaration, each with a seed of its own, that speak as one.

It is a network like any other to whoever declares a study; `fit_network` trains its members one by one, each as it
would be trained alone.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from tidegate.errors import SettingError
from tidegate.models.base import Network, Part

if TYPE_CHECKING:
    import torch

__all__ = ["Ensemble"]


class Ensemble(Network):
    """`count` members that differ by their seeds alone, and how their scores become one.

    mean, median
        of the members' scores.
    rank-mean
        The mean rank: each score is replaced by the share of the member's own training scores below it, and the mean
        share by the score that stands there among all members' training scores. No member shouts louder than another,
        and a score still does not depend on its company.

    Their disagreement, the standard deviation of the members' scores, is the forecast's `spread`. Class probabilities
    are averaged.

    >>> import torch
    >>> from tidegate.models.cells.lstm import LSTM
    >>> from tidegate.models.recurrent import RecurrentNetwork
    >>> ensemble = Ensemble(member=RecurrentNetwork(cell=LSTM(hidden=2), dense=()), count=3)
    >>> sum(part.parameters for part in ensemble.parts(lookback=5, features=4, context=0))
    177
    """

    name: ClassVar[str] = "ensemble"
    example: ClassVar[dict[str, Any]] = {
        "member": {"name": "recurrent-network", "cell": {"name": "lstm", "hidden": 4}, "dense": ()},
        "count": 2,
    }

    member: Network = Field(description="the network that each member is")
    count: int = Field(ge=2, description="members, each with a seed made of the fit's own")
    combine: Literal["mean", "median", "rank-mean"] = Field(default="mean", description="how scores become one")

    @model_validator(mode="after")
    def _flat(self) -> "Ensemble":
        if isinstance(self.member, Ensemble):
            raise SettingError("an ensemble of ensembles", where="ensemble.member", hint="raise `count` instead")
        return self

    def build(self, features: int, context: int, generator: "torch.Generator") -> "torch.nn.Module":
        """Build all members; the module's forward gives the mean of their outputs."""
        from tidegate.models.members import Members

        modules = [self.member.build(features, context, generator) for _ in range(self.count)]
        return Members(modules, graded=self.combine == "rank-mean")

    @property
    def penalised(self) -> bool:
        """Never: each member is trained alone, with its own penalty."""
        return False

    def penalty(self, module: "torch.nn.Module") -> "torch.Tensor":  # noqa: ARG002
        """Zero."""
        import torch

        return torch.zeros(())

    def ponder_cost(self, module: "torch.nn.Module") -> None:  # noqa: ARG002
        """None: each member is trained alone."""
        return

    def parts(self, lookback: int, features: int, context: int) -> tuple[Part, ...]:
        """List one member's layers with the parameters of all, and how they are put together."""
        inner = self.member.parts(lookback, features, context)
        many = tuple(part._replace(parameters=part.parameters * self.count) for part in inner)
        last = inner[-1]
        return (*many, Part("combine", f"{self.combine} of {self.count}", last.shape, 0, (last.key,)))
