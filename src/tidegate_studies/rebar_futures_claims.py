"""What the rebar document says, statement by statement, beside what was found here."""

from tidegate.study.findings import Findings
from tidegate.types.report import Claim

__all__ = ["claims"]


def claims(findings: Findings) -> tuple[Claim, ...]:
    """The ledger of claims; only those whose studies were run."""
    del findings
    return ()
