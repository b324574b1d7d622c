"""The entry of ``mg``: find the command, run it, and tell an error in one line."""

import difflib
import errno
import importlib
import io
import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any

import click

from mgcli.commands import TABLE
from mgcli.screen import visible
from mgcore import MgcoreError, __version__

__all__ = ["main", "mg"]

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
USER_ERROR, BUG, STOPPED = 2, 1, 130
DEBUG = "mgcli.debug"


def _remember_debug(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        ctx.find_root().meta[DEBUG] = True


def _debug_option() -> click.Option:
    return click.Option(
        ["--debug"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_remember_debug,
        help="On an error, show the traceback.",
    )


class LazyGroup(click.Group):
    """Import a command's module when the command is used, and end every error in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order of the table."""
        return list(TABLE)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Import the command; None if there is none of that name."""
        if cmd_name not in TABLE:
            return None
        module, _, attribute = TABLE[cmd_name].place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        if not any(p.name == "debug" for p in command.params):
            command.params.append(_debug_option())
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or tell the near matches."""
        if args and args[0] not in TABLE and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], TABLE, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else "mg --help lists them"
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the commands' lines from the table, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in TABLE.items()])

    def main(  # type: ignore[override]  # click's overloads tell standalone_mode apart; we end always
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> None:
        """Run one command and leave the program: 0 done, 2 user's error, 1 ours, 130 stopped."""
        words = list(sys.argv[1:] if args is None else args)
        extra.pop("standalone_mode", None)
        code = 0
        try:
            with self.make_context(prog_name or "mg", words, **extra) as ctx:
                code = _run(self, ctx)
        except click.exceptions.Exit as leave:
            code = leave.exit_code
        except click.ClickException as error:  # the words after mg themselves make no sense
            code = _tell_click(error)
        sys.exit(code)


def _run(group: click.Group, ctx: click.Context) -> int:
    try:
        result = group.invoke(ctx)
        sys.stdout.flush()  # a closed pipe shows here, not when the interpreter ends
        return result if type(result) is int else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except BrokenPipeError:  # mg ops | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, click.Abort):
        click.echo("stopped", err=True)
        return STOPPED
    except Exception as error:
        if ctx.meta.get(DEBUG):
            raise
        return _tell(error)


def _tell(error: Exception) -> int:
    if isinstance(error, click.ClickException):
        return _tell_click(error)
    if isinstance(error, MgcoreError):
        _write_error(str(error))
        marked = getattr(error, "marked", None)
        if marked is not None and sys.stderr.isatty():
            click.echo(marked(), err=True)
        return USER_ERROR
    if isinstance(error, OSError) and error.filename is not None:
        _write_error(f"{error.filename}: {error.strerror or error}")
        return USER_ERROR
    if isinstance(error, OSError) and error.errno in FULL:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # no second complaint
        _write_error(f"standard output: {error.strerror}")
        return USER_ERROR
    _write_error(
        f"unexpected {type(error).__name__}: {error} (this is a fault of mg; run it again with "
        "--debug and report the traceback)"
    )
    return BUG


def _tell_click(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return USER_ERROR
    message = error.format_message()
    ctx = getattr(error, "ctx", None)
    if ctx is not None:
        message = f"{message.rstrip('.')} (see {ctx.command_path} --help)"
    _write_error(message)
    return USER_ERROR


def _write_error(message: str) -> None:
    text = visible(" ".join(["error:", *message.split()]))
    if sys.stderr.isatty():  # a pipe gets one line
        text = click.wrap_text(text, shutil.get_terminal_size().columns)
    click.echo(text.replace("error:", click.style("error:", fg="red", bold=True), 1), err=True)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mg", message="%(prog)s %(version)s")
def mg() -> None:
    """Differentiate, train and inspect, from the command line.

    \b
    mg grad "a*b + tanh(c)" a=2 b=-3 c=10
    mg train breast_cancer
    """  # noqa: D301 - click reads the escape \b as "keep these lines"


mg.params.append(_debug_option())


def main() -> None:
    """Run ``mg`` on the program's arguments."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that a terminal lacks letters for
            stream.reconfigure(errors="backslashreplace")
    mg.main()
