"""Judges the matcher, on files and people that are invented. `python -m bench.matcher compare|explain|evaluate|…`.

The comparison runs as in the office, tags first, but without the network. Files that do not say in their first line
that they are synthetic are refused.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.matcher.formats import BadLine
from bench.matcher.run import compare_files, explain_pair
from matcher.errors import InvalidPerson
from records.errors import InvalidDocument


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench.matcher", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    compare = commands.add_parser("compare", help="every guest against every listed person, by tags; JSON Lines")
    compare.add_argument("--people", type=Path, required=True)
    compare.add_argument("--guests", type=Path, required=True)
    compare.add_argument("--skip-bad", action="store_true", help="report bad lines and go on")
    explain = commands.add_parser("explain", help="one pair, as a table for a person")
    explain.add_argument("--person", required=True)
    explain.add_argument("--guest", required=True)
    evaluate = commands.add_parser("evaluate", help="shares found, with intervals")
    evaluate.add_argument("--people", type=int, default=20_000)
    evaluate.add_argument("--strangers", type=int, default=200_000)
    fit = commands.add_parser("fit", help="fit the weights")
    fit.add_argument("--people", type=int, default=12_000)
    fit.add_argument("--strangers", type=int, default=120_000)
    fit.add_argument("--write", action="store_true", help="write matcher/weights.toml")
    peers = commands.add_parser("peers", help="the same pairs, judged by matchers of others that are installed")
    peers.add_argument("--pairs", type=int, default=300)
    treatment = commands.add_parser("treatment", help="equal treatment of name formats; fails where it is not")
    treatment.add_argument("--pairs", type=int, default=10_000)
    speed = commands.add_parser("speed", help="time and memory, with rapidfuzz over the numbers in the same run")
    speed.add_argument("--decisions", type=int, default=20_000)
    oracle = commands.add_parser("oracle", help="the tags against a comparison of all pairs; fails where they differ")
    oracle.add_argument("--people", type=int, default=1000)
    for each in (evaluate, peers, treatment, speed, oracle):
        each.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> int:
    """Run one command. Returns 0, 1 where a gate fails, 2 where input is refused."""
    arguments = parse_arguments()
    try:
        return run(arguments)
    except BadLine as problem:
        print(f"refused: {problem}", file=sys.stderr)
    except (InvalidPerson, InvalidDocument) as problem:
        print(f"refused: {problem.field}", file=sys.stderr)
    except OSError as problem:
        print(f"refused: {problem.strerror}", file=sys.stderr)
    return 2


def run(arguments: argparse.Namespace) -> int:
    """Run the command that the arguments name."""
    if arguments.command == "compare":
        return compare_files(arguments.people, arguments.guests, skip_bad=arguments.skip_bad)
    if arguments.command == "explain":
        return explain_pair(arguments.person, arguments.guest)
    # These draw people, for which further packages are needed.
    if arguments.command == "evaluate":
        from bench.matcher.evaluate import evaluate

        evaluate(arguments.people, arguments.strangers, arguments.seed)
    elif arguments.command == "fit":
        from bench.matcher.fit import fit

        fit(arguments.people, arguments.strangers, write=arguments.write)
    elif arguments.command == "peers":
        from bench.matcher.peers import judge

        judge(arguments.pairs, arguments.seed)
    elif arguments.command == "speed":
        from bench.matcher.speed import measure

        measure(arguments.decisions, arguments.seed)
    elif arguments.command == "oracle":
        from bench.matcher.oracle import check_tags

        found = check_tags(arguments.people, arguments.seed)
        print(f"{found.pairs} pairs, {found.seen} seen, {found.differing} differ between tags and all pairs")
        return 1 if found.differing else 0
    else:
        from bench.matcher.treatment import treat

        return 0 if treat(arguments.pairs, arguments.seed) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
