"""The commands behind the Makefile."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from stack109 import (
    access_token,
    backing_up,
    cleaning,
    control,
    detached,
    leftovers,
    page,
    production,
    restoring,
    state,
    status,
)
from stack109.archive import Archive
from stack109.backup_folder import kept_in
from stack109.environment import ARCHIVE, Stack
from stack109.expiry import moment
from stack109.failure import StackFailure
from stack109.instance import Instance, remembered, wanted_base
from stack109.ports import require_free
from stack109.preparing import prepare
from stack109.progress import elapsed, say
from stack109.supervisor import supervise
from stack109.tenants import take_over
from stack109.throwaway import run_against

ROOT = Path(__file__).resolve().parents[3]


def main(arguments: Sequence[str]) -> int:
    """Run one command; a failure is a sentence on stderr and exit code 1."""
    parsed = _parser().parse_args(arguments)
    action: Callable[[argparse.Namespace], int] = parsed.action
    try:
        return action(parsed)
    except StackFailure as failure:
        if str(failure):
            print(f"\n{failure}", file=sys.stderr, flush=True)
        return 1
    except OSError as failure:
        print(f"\nThe system refused: {failure}.", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted; nothing of this start is left running.")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stack109", description="The one-command local stack of 109.")
    parser.add_argument(
        "--instance", default=os.environ.get("DISPATCH109_INSTANCE", "run"), help="run, test, bench, prove"
    )
    commands = parser.add_subparsers(required=True)
    simple: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
        "down": (_down, "end the stack"),
        "status": (_status, "a line per part"),
        "logs": (_logs, "follow all logs"),
        ARCHIVE: (_archive, "the part that keeps a backup up to the moment; started by backup"),
    }
    starting: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
        "setup": (_setup, "what has to be on the machine for starts and tests"),
        "run": (_run, "start in the foreground"),
        "up": (_up, "start in the background"),
        "supervise": (_supervise, "what up starts; needs everything set up"),
    }
    for name, (action, said) in {**simple, **starting}.items():
        command = commands.add_parser(name, help=said)
        command.set_defaults(action=action)
        if name in starting:
            command.add_argument("--base", action="store_true", help="PostgreSQL, NATS and Keycloak only")
    _add_commands_with_arguments(commands)
    return parser


def _add_commands_with_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    env = commands.add_parser("env", help="KEY=value lines of the running stack")
    env.add_argument(
        "--for", dest="service", choices=production.SERVICES, help="as on a server: secrets in files"
    )
    env.set_defaults(action=_env)
    token = commands.add_parser("token", help="an access token of a demo person or a machine")
    token.add_argument("person", help="operator.petropavl, region.command, operator.103@hub, service-103")
    token.set_defaults(action=_token)
    part = commands.add_parser("part", help="stop, start, kill or restart one part")
    part.add_argument("verb", choices=control.VERBS)
    part.add_argument("name")
    part.set_defaults(action=_part)
    account = commands.add_parser("account", help="let an account of the broker end, or take its end away")
    account.add_argument("verb", choices=("expire", "renew"))
    account.add_argument("name", help="S103, T_PETROPAVL")
    account.add_argument("--at", help="2026-12-31T00:00:00Z; now when left out")
    account.set_defaults(action=_account)
    tenants = commands.add_parser("tenants", help="take over what changed under tenants/, without a restart")
    tenants.set_defaults(action=_tenants)
    backup = commands.add_parser("backup", help="a whole copy of the running stack, and all that follows")
    backup.add_argument("--to", type=Path, help="a folder, on another disk at best")
    backup.add_argument("--keep", type=int, help="remove older copies than the last so many")
    backup.set_defaults(action=_backup)
    restore = commands.add_parser("restore", help="bring an empty instance to a moment of a backup")
    restore.add_argument("--from", dest="folder", type=Path, required=True)
    restore.add_argument("--at", help="2026-11-28T12:34:00Z; the last moment there is when left out")
    restore.add_argument("--replace", action="store_true", help="throw away what the instance holds")
    restore.set_defaults(action=_restore)
    clean = commands.add_parser("clean", help="remove all data")
    clean.add_argument("--everything", action="store_true")
    clean.add_argument("--yes", action="store_true")
    clean.set_defaults(action=lambda parsed: _clean(everything=parsed.everything, confirmed=parsed.yes))
    against = commands.add_parser("against", help="run a command against a stack of its own, then end that")
    against.add_argument("--base", action="store_true")
    against.add_argument("argv", nargs=argparse.REMAINDER)
    against.set_defaults(action=_against)
    beside = commands.add_parser("with", help="run a program with the variables of the running stack")
    beside.add_argument("argv", nargs=argparse.REMAINDER)
    beside.set_defaults(action=_with)


def _setup(parsed: argparse.Namespace) -> int:
    prepare(_instance(parsed), for_tests=True, base_only=parsed.base)
    return 0


def _run(parsed: argparse.Namespace) -> int:
    _before_start(parsed)
    return _supervise(parsed)


def _supervise(parsed: argparse.Namespace) -> int:
    stack = Stack(_instance(parsed))
    return supervise(
        stack, base_only=parsed.base, on_ready=lambda: say(page.text(stack, base_only=parsed.base))
    )


def _up(parsed: argparse.Namespace) -> int:
    instance = _before_start(parsed)
    launched = detached.launch(instance, base_only=parsed.base)
    detached.follow(instance, launched)
    if launched is None:
        say("The stack was running already.")
        say(page.text(Stack(remembered(ROOT, instance.name)), base_only=parsed.base))
    say(f"make up: {elapsed():.1f} s")
    return 0


def _down(parsed: argparse.Namespace) -> int:
    was_running = detached.end(remembered(ROOT, parsed.instance))
    say(f"stopped in {elapsed():.1f} s" if was_running else "The stack was not running.")
    return 0


def _status(parsed: argparse.Namespace) -> int:
    return 0 if status.show(Stack(remembered(ROOT, parsed.instance))) else 1


def _env(parsed: argparse.Namespace) -> int:
    stack = _running(parsed)
    variables = production.settings(stack, parsed.service) if parsed.service else stack.variables()
    for name, value in variables.items():
        print(f"{name}={value}")
    return 0


def _token(parsed: argparse.Namespace) -> int:
    print(access_token.obtain(_running(parsed), parsed.person))
    return 0


def _part(parsed: argparse.Namespace) -> int:
    control.ask(remembered(ROOT, parsed.instance), parsed.verb, parsed.name)
    return 0


def _account(parsed: argparse.Namespace) -> int:
    stack = Stack(remembered(ROOT, parsed.instance))
    at = moment(parsed.at) if parsed.at else datetime.now(UTC)
    stack.nats.let_expire(parsed.name, at if parsed.verb == "expire" else None)
    return 0


def _archive(parsed: argparse.Namespace) -> int:
    stack = Stack(remembered(ROOT, parsed.instance))
    folder = kept_in(stack.instance)
    if folder is None:
        raise StackFailure("No backup has been begun: make backup TO=folder.")
    return Archive(stack, folder).run()


def _backup(parsed: argparse.Namespace) -> int:
    stack = _running(parsed)
    path: Path = parsed.to or backing_up.default(stack)
    backing_up.back_up(stack, path.resolve(), keep=parsed.keep)
    return 0


def _restore(parsed: argparse.Namespace) -> int:
    instance = _instance(parsed)
    prepare(instance, for_tests=False, base_only=True)
    at = moment(parsed.at) if parsed.at else None
    restoring.restore(Stack(instance), parsed.folder.resolve(), at, replace=parsed.replace)
    return 0


def _logs(parsed: argparse.Namespace) -> int:
    logs = sorted(remembered(ROOT, parsed.instance).logs.glob("*.log"))
    if not logs:
        raise StackFailure("There are no logs yet.")
    return subprocess.run(["tail", "-n", "20", "-F", *map(str, logs)], check=False).returncode


def _clean(*, everything: bool, confirmed: bool) -> int:
    return 0 if cleaning.clean(ROOT, everything=everything, confirmed=confirmed) else 1


def _against(parsed: argparse.Namespace) -> int:
    return run_against(ROOT, parsed.instance, _program(parsed), base_only=parsed.base)


def _with(parsed: argparse.Namespace) -> int:
    argv, variables = _program(parsed), _running(parsed).variables()
    os.execvpe(argv[0], argv, {**os.environ, **variables})  # noqa: S606 - Ctrl-C is the program's own


def _program(parsed: argparse.Namespace) -> list[str]:
    argv: list[str] = parsed.argv
    return argv[1:] if argv[:1] == ["--"] else argv


def _tenants(parsed: argparse.Namespace) -> int:
    take_over(_running(parsed))
    return 0


def _before_start(parsed: argparse.Namespace) -> Instance:
    """Ports first: nobody should wait for downloads to hear that a port is taken."""
    instance = _instance(parsed)
    instance.make_folders()
    if not detached.is_running(instance):
        leftovers.end_all(instance)
        require_free(instance.listening(base_only=parsed.base))
    prepare(instance, for_tests=False, base_only=parsed.base)
    return instance


def _instance(parsed: argparse.Namespace) -> Instance:
    return Instance(ROOT, parsed.instance, wanted_base())


def _running(parsed: argparse.Namespace) -> Stack:
    instance = remembered(ROOT, parsed.instance)
    known = state.read(instance.folder)
    if known is None or not known.is_alive():
        raise StackFailure(f"The stack {instance.name!r} is not running (make up, make run).")
    return Stack(instance)
