"""How long `tidegate --help` takes: a process from nothing to its last line, beside Python alone and beside torch.

Medians of several rounds in turns; the target is half a second.
"""

import subprocess
import sys

from parts.record import in_turns, keep

TARGET = 0.5
ROUNDS = 11
CONTESTANTS = {
    "tidegate --help": ["-m", "tidegate", "--help"],
    "tidegate list": ["-m", "tidegate", "list"],
    "python alone": ["-c", "pass"],
    "import torch": ["-c", "import torch"],
}


def started(arguments):
    def start():
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)

    return start


def main():
    taken = in_turns({name: started(arguments) for name, arguments in CONTESTANTS.items()}, ROUNDS)
    for name, (wall, _) in taken.items():
        print(f"{name:<20}{wall:>8.3f} s")
    keep("start", [{"case": name, "seconds": round(wall, 3)} for name, (wall, _) in taken.items()])
    wall = taken["tidegate --help"].wall
    print(f"{'within' if wall < TARGET else 'beyond'} the target of {TARGET} s")
    return 0 if wall < TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
