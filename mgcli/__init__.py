"""The ``mg`` command."""

import sys

__all__ = ["start"]


def start() -> None:
    """Run the command and leave the program, or say how to install what it needs."""
    try:
        from mgcli.main import main
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or package.startswith("mg"):
            raise
        print(
            f"mg: the package {package} is not installed, and the command needs it; "
            "pip install 'mgcore[cli]' brings it",
            file=sys.stderr,
        )
        sys.exit(2)
    main()
