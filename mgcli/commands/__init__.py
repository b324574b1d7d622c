"""The commands of ``mg``: one module each, listed in `TABLE`, imported when used.

To add a command, write ``mgcli/commands/NAME.py`` with a click command, and add its line below.
The help line stands here so that ``mg --help`` imports no command.
"""

import attrs

__all__ = ["TABLE", "Row"]


@attrs.frozen
class Row:
    """Say where a command is.

    Args:
        place: ``module:attribute``, the click command.
        summary: one line for ``mg --help``.

    """

    place: str
    summary: str


TABLE: dict[str, Row] = {
    "ops": Row("mgcli.commands.ops:command", "List every operator and where it came from."),
    "grad": Row("mgcli.commands.grad:command", "Differentiate an expression and check it."),
    "explain": Row("mgcli.commands.explain:command", "Write the chain rule out, path by path."),
    "train": Row("mgcli.commands.train:command", "Train a small net on a table."),
    "predict": Row("mgcli.commands.predict:command", "Write a model's predictions as CSV."),
    "export": Row(
        "mgcli.commands.export:command", "Write a model or a kernel as ONNX, C, object code."
    ),
    "step": Row("mgcli.commands.step:command", "Step through backpropagation in a web page."),
    "play": Row("mgcli.commands.play:command", "Build and train a net in a web page."),
    "check": Row("mgcli.commands.check:command", "Prove that ops do what ops should."),
    "stubs": Row(
        "mgcli.commands.stubs:command", "Write the types of all installed ops, for editors."
    ),
    "new-op": Row("mgcli.commands.new_op:command", "Start a package with an op of your own."),
}
