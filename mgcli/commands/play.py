"""``mg play``: a playground in the browser, trained by native code on this machine."""

from pathlib import Path
from typing import Any

import click

from mgcli.errors import CliError
from mgcli.screen import console

__all__ = ["command"]


def _sizes(_: click.Context, __: click.Parameter, text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(word) for word in text.split(",") if word.strip()]
    except ValueError:
        raise click.BadParameter(f"{text!r} is no list of sizes; give some such as 8,8") from None


@click.command(
    short_help="Build and train a net in a web page.",
    epilog="Example: mg play --data spiral --layers 8,8 --activation silu --show",
)
@click.option("--data", help="circle, xor, gauss, spiral or moons (the default).")
@click.option("--layers", callback=_sizes, help="Sizes of the hidden layers, such as 8,8.")
@click.option("--activation", help="Any installed op of one operand.")
@click.option("--lr", type=float, help="Learning rate.")
@click.option("--seed", type=int, help="Of rows, first weights and orders.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="0, the default: a free one."
)
@click.option("--show", is_flag=True, help="Open the page in the web browser as well.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Save the offline page, which trains by itself, and serve nothing.",
)
def command(port: int, show: bool, output: Path | None, **given: Any) -> None:
    """Serve a page in which a net of two inputs is built, trained and looked into.

    The server listens on this machine alone, prints its address, and stops with Ctrl-C. Training
    runs as native code, with any installed op as activation.
    """
    from mgview import files, playground

    settings = {name: value for name, value in given.items() if value is not None}
    if output is not None:
        page = playground(**settings).save(output)
        console().print(f"saved {page}", soft_wrap=True)
        if show:
            files.show(page)
        return
    _serve(settings, port, show)


def _serve(settings: dict[str, Any], port: int, show: bool) -> None:
    try:
        from mgview.playground.server import serve
    except ImportError as missing:
        raise CliError(
            f"mg play needs {missing.name}: pip install 'mgcore[play]'; or save the offline page "
            "with mg play -o play.html"
        ) from missing
    from mgview.playground.playground import begin
    from mgview.playground.session import check_activation

    made = begin(None, None, settings)
    check_activation(made.settings.activation)

    def announce(address: str) -> None:
        console().print(f"Playground at {address}", soft_wrap=True, highlight=False)
        console().print("Ctrl-C stops it.")
        if show:
            import webbrowser

            webbrowser.open(address)

    serve(made, port, announce)
    console().print("stopped")
