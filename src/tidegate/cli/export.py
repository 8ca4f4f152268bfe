"""`tidegate export`: a fitted network as an ONNX file."""

from dataclasses import asdict

from tidegate.cli.screen import say, say_json
from tidegate.cli.writing import place_of

__all__ = ["export_network"]


def export_network(
    run: str, to: str, study: str | None, seed: int | None, fold: int | None, out: str, *, json: bool
) -> None:
    """Write the file and say how it compares with the network."""
    from tidegate.study.api import export

    told = export(run, place_of(to, "--to"), study=study, seed=seed, fold=fold, out=out)
    if json:
        say_json({**asdict(told), "path": str(told.path)})
        return
    say(f"{told.path}: study {told.study}, seed {told.seed}, fold {told.fold}, model {told.fingerprint[:12]}")
    say(
        f"Compared over {told.compared} test windows: the largest difference is {told.difference:.1g} of the largest score"
    )
