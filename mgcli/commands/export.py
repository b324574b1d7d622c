"""``mg export``: a trained model or a saved kernel as ONNX, C or object code."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mgcli.errors import CliError

if TYPE_CHECKING:
    from mgnn import MLP
    from mgnn.tablemodel import TableModel

__all__ = ["command"]

_KERNEL = b"mgcompile kernel "


@click.command(
    short_help="Write a model or a kernel as ONNX, C, object code.",
    epilog="Example: mg export mg-houses/model.mgz houses.onnx, mg export price.kernel price.o "
    "--target aarch64",
)
@click.argument("source", metavar="MODEL", type=click.Path(exists=True, path_type=Path))
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--target", metavar="LEVEL", help="Of a .o file: x86-64-v3, x86-64-v4, aarch64.")
def command(source: Path, output: Path, target: str | None) -> None:
    """Write MODEL to OUTPUT, whose ending says as what: .onnx, .c or .o (both with a header).

    MODEL is a model file that mg train or mgnn.save has written, or a kernel's (kernel.save). A
    kernel's file is a pickle: give only one that you trust. The C functions of a model for a table
    take what the net sees, by the names of its inputs; ONNX takes the columns themselves.
    """
    if output.suffix not in (".onnx", ".c", ".o"):
        raise CliError(f"{output.name} ends in none of .onnx, .c and .o, which say what to write")
    if target is not None and output.suffix != ".o":
        raise CliError(
            f"--target is for object code; {output.name} is the same for every processor"
        )
    source = source / "model.mgz" if source.is_dir() else source
    with source.open("rb") as file:
        is_kernel = file.read(len(_KERNEL)) == _KERNEL
    if is_kernel:
        if output.suffix == ".onnx":
            raise CliError(
                f"{source} is a kernel, which ONNX has no operators for; write it as .c or .o"
            )
        import mgcompile

        mgcompile.load(source).export(output, target=target)
    else:
        _export_model(source, output, target)
    written = [output] if output.suffix == ".onnx" else [output, output.with_suffix(".h")]
    click.echo(f"wrote {' and '.join(map(str, written))}", err=True)


def _export_model(source: Path, output: Path, target: str | None) -> None:
    import mgnn

    model = mgnn.load(source)
    if output.suffix == ".onnx":
        mgnn.export_onnx(model, output)
    else:
        _kernel(model).export(output, target=target)


def _kernel(model: "MLP | TableModel") -> Any:
    """Return a net as a function of what it sees."""
    import mgcompile
    from mgcore import Value
    from mgnn import MLP

    net = model if isinstance(model, MLP) else model.net
    if isinstance(model, MLP):
        labels = [f"x{i}" for i in range(len(net.layers[0].neurons[0].w))]
    else:
        labels = list(model.inputs)
    inputs = [Value(0.0, label) for label in labels]
    return mgcompile.compile(net(inputs), inputs, net.parameters())
