"""``python -m tidegate`` is the command line."""

from tidegate.cli import main

main()
