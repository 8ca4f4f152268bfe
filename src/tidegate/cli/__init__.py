"""The command line: a thin skin over the verbs of `tidegate`.

Nothing heavy is imported until a verb needs it, so that ``--help`` answers at once. Exit codes: 0 done, 1 the answer is
no (a check failed), 2 the request was wrong or the data refused, 130 stopped by Ctrl-C with the work kept.
"""

from tidegate.cli.app import main as main
