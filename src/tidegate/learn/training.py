"""How a network is trained: everything that the one training loop may be told."""

from typing import Literal, NamedTuple

from pydantic import Field, model_validator

from tidegate.component import Settings
from tidegate.errors import SettingError
from tidegate.learn.losses import MSE, Loss
from tidegate.learn.optimisers import Adam, Optimiser
from tidegate.learn.sampling import Sampling, Shuffled
from tidegate.learn.schedules import Constant, Schedule
from tidegate.learn.watch import Watch

__all__ = ["EarlyStopping", "Progress", "Training"]


class EarlyStopping(Settings):
    """Stop when the validation loss has not improved for `patience` epochs, and go back to the best weights."""

    patience: int = Field(ge=1, description="epochs without improvement that are borne")
    min_delta: float = Field(default=0.0, ge=0, description="how much lower a loss must be to count as better")


class Training(Settings):
    """Settings of the training loop.

    >>> Training(epochs=20, batch=128).optimiser.name
    'adam'
    >>> Training(epochs=20, batch=128, optimiser={"name": "rmsprop", "rate": 0.01}).optimiser.rate
    0.01
    """

    epochs: int = Field(ge=1, description="times that every training window is seen, at most")
    batch: int = Field(ge=1, description="windows per step; the last, smaller batch of an epoch counts too")
    loss: Loss = Field(default=MSE(), description="what is made small")
    metrics: tuple[Loss, ...] = Field(
        default=(),
        description="measured after each epoch beside the loss, with dropout off, on up to 20,000 windows of each set;"
        " they steer nothing",
    )
    sampling: Sampling = Field(default=Shuffled(), description="which windows make a batch")
    optimiser: Optimiser = Field(default=Adam(), description="how")
    schedule: Schedule = Field(default=Constant(), description="how the learning rate goes over the epochs")
    clip_norm: float | None = Field(
        default=None, gt=0, description="longest gradient of all weights; null: as it comes"
    )
    clip_value: float | None = Field(
        default=None, gt=0, description="largest gradient of any single weight, clipped first; null: as it comes"
    )
    early_stopping: EarlyStopping | None = Field(default=None, description="null: all epochs, last weights")
    checkpoint_seconds: float = Field(default=20.0, ge=0, description="seconds of work that a kill may cost, at most")
    threads: int = Field(
        default=1, ge=1, description="processor threads; another number changes sums in their last bits"
    )
    micro_batch: int | None = Field(
        default=None,
        ge=0,
        description="windows whose gradients are computed at a time; null: from shapes alone, 0: the whole batch",
    )
    device: Literal["cpu", "cuda", "auto"] = Field(default="cpu", description="auto: a CUDA device where there is one")
    precision: Literal["float32", "tf32", "bf16"] = Field(
        default="float32",
        description="of the forward pass; weights and optimiser are float32 always; bf16 needs a cell that no fused "
        "kernel of the processor computes",
    )
    watch: Watch = Field(default=Watch(), description="what is looked at during training; it steers nothing")

    @model_validator(mode="after")
    def _measured_apart(self) -> "Training":
        names = [metric.name for metric in self.metrics]
        if len(set(names)) < len(names):
            raise SettingError("a metric appears twice", where="training.metrics", found=names)
        together = [metric.name for metric in self.metrics if not metric.by_window]
        if together:
            raise SettingError(
                "a metric is measured window by window",
                where="training.metrics",
                found=together,
                expected="a loss such as mae or mse",
            )
        return self


class Progress(NamedTuple):
    """Where a training is, told after every step; epochs and steps count from 1.

    `loss` is the step's own training loss, `valid` the validation loss of the last finished epoch, if any.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    valid: float | None
