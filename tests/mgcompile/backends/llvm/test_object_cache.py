"""The cache of compiled objects: used when whole, and never in the way."""

from __future__ import annotations

import pytest

from mgcompile.backends.llvm.runtime import object_cache
from mgcompile.backends.llvm.runtime.jit import object_code

TEXT = "define double @f(double %x) {\n  %y = fadd double %x, 1.0\n  ret double %y\n}\n"


@pytest.fixture
def compilations(monkeypatch):
    """Every text that had to be compiled."""
    texts = []

    def compiling(text):
        texts.append(text)
        return object_code(text)

    monkeypatch.setattr(object_cache, "object_code", compiling)
    return texts


def test_the_second_time_nothing_is_compiled(tmp_path, compilations):
    first = object_cache.compiled(TEXT, str(tmp_path))
    assert object_cache.compiled(TEXT, str(tmp_path)) == first
    assert compilations == [TEXT]


def test_a_damaged_entry_is_compiled_again_and_replaced(tmp_path, compilations):
    first = object_cache.compiled(TEXT, str(tmp_path))
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(entry.read_bytes()[:-1] + b"?")
    assert object_cache.compiled(TEXT, str(tmp_path)) == first
    assert object_cache.compiled(TEXT, str(tmp_path)) == first
    assert compilations == [TEXT, TEXT]


def test_a_folder_that_cannot_be_made_does_not_matter(tmp_path, compilations):
    (tmp_path / "file").write_text("not a folder")
    folder = str(tmp_path / "file" / "cache")
    assert object_cache.compiled(TEXT, folder)
    assert object_cache.compiled(TEXT, folder)
    assert compilations == [TEXT, TEXT]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
