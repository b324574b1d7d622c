"""Files appear whole or not at all."""

from pathlib import Path

import pytest

from mgview.errors import CannotWriteError
from mgview.files import write


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_leaves_no_half_file_and_the_old_one_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "graph.svg"
    path.write_text("old")
    (tmp_path / "graph.svg.part").symlink_to("/dev/full")
    with pytest.raises(CannotWriteError, match="No space left"):
        write(path, "x" * 100_000)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["graph.svg"]
