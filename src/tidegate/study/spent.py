"""What a study's fits took: seconds, which belong into `timings.json` and nowhere else."""

from collections.abc import Sequence

from tidegate.files import read_json
from tidegate.study.fitting import Job, fit_stages
from tidegate.study.stages import Kept, Stages

__all__ = ["spent"]


def spent(made: Sequence[tuple[Job, Kept]], stages: Stages) -> dict[str, dict[str, float]]:
    """Add up what each member's fits say they took, over folds: member → seconds of the wall, of the processor.

    A fit that was found, not made, says what it took when it was made.
    """
    told: dict[str, dict[str, float]] = {}
    for job, _ in made:
        for _, kept in fit_stages(job, stages):
            place = kept.folder / "timings.json"
            for name, value in (read_json(place) if place.is_file() else {}).items():
                member = told.setdefault(job.label, {})
                member[name] = member.get(name, 0.0) + float(value)
    return told
