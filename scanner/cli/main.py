"""The entry point: loads the command that was asked for and turns every outcome into an exit code."""

from __future__ import annotations

import errno
import importlib
import os
import re
import signal
import sys
import tempfile
import traceback
from dataclasses import replace
from types import FrameType
from typing import NoReturn

import click

from scanner import __version__
from scanner.cli.stdout import discard, ensure, printing
from scanner.errors import CollectionError, Exit, MlpostureError, Problem, UserError

# command -> module of scanner.cli and the object in it; the order is the order of the help
_COMMANDS = {
    "scan": ("scan", "scan"),
    "snapshot": ("snapshot", "snapshot"),
    "access": ("access", "access"),
    "coverage": ("coverage", "coverage"),
    "doctor": ("doctor", "doctor"),
    "role": ("role", "role"),
    "explain": ("rules", "explain"),
    "rules": ("rules", "rules"),
    "scenario": ("scenario", "scenario"),
    "baseline": ("baseline", "baseline"),
    "version": ("version", "version"),
}
_SHORT = {
    "scan": "Check an estate against a scenario.",
    "snapshot": "Read an estate and keep it as a file, without checking it.",
    "access": "Ask who can reach what, by which chain, and what would close it.",
    "coverage": "Say what a snapshot does not hold, and which rules that leaves open.",
    "doctor": "Look before reading: identity, reach, missing permissions, duration.",
    "role": "Print the least-privilege role for the reader.",
    "explain": "Say what a rule asks for, why, and how to mend a finding.",
    "rules": "List, show, test, write and document rules.",
    "scenario": "Check a scenario file, or propose one.",
    "baseline": "Remember today's findings, so that only new ones fail.",
    "version": "Print the version of the tool and of what it speaks.",
}


class _Commands(click.Group):
    """A group that imports a command only when it runs, so that help and completion stay fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[name]
        command: click.Command = getattr(importlib.import_module(f"scanner.cli.{module}"), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from scanner.errors import suggest

        if args and args[0] not in _COMMANDS:
            near = suggest(args[0], list(_COMMANDS))
            raise click.UsageError(f"no command `{args[0]}`" + (f"; {near}" if near else ""), ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        with printing():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_SHORT.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "MLPOSTURE"},
    epilog="Exit codes: 0 clean, 1 findings, 2 your mistake, 3 could not see enough, 4 sign-in or collection "
    "failed, 70 our bug, 130 interrupted, 143 terminated.",
)
@click.version_option(__version__, "--version", prog_name="mlposture")
@click.option("--config", metavar="FILE", help="Configuration file instead of the nearest mlposture.yaml.")
@click.option("--no-config", is_flag=True, help="Use no configuration file.")
@click.pass_context
def cli(ctx: click.Context, config: str | None, no_config: bool) -> None:
    """Check Azure Machine Learning estates against how they are meant to be.

    What could not be read is unknown, and never counts as compliant.
    """
    if config is not None and no_config:
        raise click.UsageError("`--config` and `--no-config` exclude each other", ctx)
    if ctx.invoked_subcommand not in ("scenario", "version") and not no_config:
        from scanner.cli.config import defaults

        ctx.default_map = defaults(config)


def main() -> NoReturn:
    """Runs the command and leaves with one of the exit codes of `scanner.errors.Exit`."""
    signal.signal(signal.SIGTERM, _terminated)
    ensure()
    try:
        code = cli.main(prog_name="mlposture", standalone_mode=False)
        _leave(code if isinstance(code, int) else Exit.CLEAN)
    except click.exceptions.Exit as error:
        _leave(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        _leave(Exit.USER_ERROR)
    except click.ClickException as error:
        _complain(_in_house_style(error))
        _leave(Exit.USER_ERROR)
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted")
        _leave(Exit.INTERRUPTED)
    except UserError as error:
        for problem in error.problems:
            _complain(_told(problem), prefix="" if problem.where else "error: ")
        _leave(error.exit)
    except CollectionError as error:
        _complain(_told(error.problem))
        _leave(error.exit)
    except MlpostureError as error:
        _complain(str(error))
        _leave(error.exit)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            discard()
            _complain("cannot write: no space left on the device")
            _leave(Exit.USER_ERROR)
        _complain(_bug())
        _leave(Exit.BUG)


def _leave(code: int) -> NoReturn:
    sys.exit(int(code))


def _complain(message: str, prefix: str = "error: ") -> None:
    from scanner.render.safe import scrub

    lines = message.splitlines() or [""]
    for number, line in enumerate(lines):
        click.echo((prefix if number == 0 else "") + scrub(line, limit=4096), err=True)


def _told(problem: Problem) -> str:
    """A problem on a line, its help on another, whatever a name in it holds."""
    from scanner.render.safe import one_line

    return str(replace(problem, message=one_line(problem.message), help=one_line(problem.help)))


def _in_house_style(error: click.ClickException) -> str:
    """Click's messages, lower case and without the full stop; its hint as our `help:` line."""
    from scanner.render.safe import one_line

    message = re.sub(r"(?<!\w)'(.*?)'(?!\w)", r"`\1`", error.format_message().rstrip("."))
    message = one_line(message[:1].lower() + message[1:])
    if isinstance(error, click.UsageError) and error.ctx is not None:
        given = error.option_name if isinstance(error, click.NoSuchOption) else ""
        if error.ctx.parent is not None and any(given in param.opts for param in cli.params):
            return f"{message}\n  help: write it right after `mlposture`, before the command"
        return f"{message}\n  help: `{error.ctx.command_path} --help` lists what it takes"
    return message


def _bug() -> str:
    """Writes what went wrong to a private file and says where it is."""
    said = "this is a bug of mlposture's, not a mistake of yours\n  help: please report it with "
    happened = f"mlposture {__version__}, Python {sys.version}\n\n{traceback.format_exc()}"
    try:
        handle, path = tempfile.mkstemp(prefix="mlposture-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
            log.write(happened)
    except OSError:  # nowhere to write
        return f"{said}this:\n{happened}"
    if os.environ.get("MLPOSTURE_DEBUG"):
        traceback.print_exc()
    return f"{said}the log `{path}`"


def _terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Ends at once. Only what is no `Exception` gets out of the event loop's own callbacks."""
    _complain("interrupted")
    raise SystemExit(int(Exit.TERMINATED))
