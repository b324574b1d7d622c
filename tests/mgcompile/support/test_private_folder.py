"""What is read from the folder of compiled objects is run: nobody else may have put it there."""

from __future__ import annotations

import os
import stat
import threading
import time

import pytest

import mgcompile
from mgcompile.backends.llvm.runtime import object_cache
from mgcompile.backends.llvm.runtime.jit import object_code
from mgcompile.errors import CacheWarning, OptionError
from mgcompile.support import private_folder
from mgcompile.support.cache_dir import cache_folder
from mgcompile.support.private_folder import UntrustedFolderError, open_private
from mgcore import Value, ops

pytestmark = pytest.mark.skipif(os.name == "nt", reason="owners and modes are those of POSIX")

HONEST = "define double @f(double %x) {\n  %y = fadd double %x, 1.0\n  ret double %y\n}\n"
PLANTED = HONEST.replace("1.0", "666.0")
NOBODY = 65534
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def plant(folder):
    """Write an object of foreign machine code under an honest key, its digest recomputed."""
    object_cache.compiled(HONEST, str(folder))
    (entry,) = folder.iterdir()
    code = object_code(PLANTED)
    entry.write_bytes(object_cache._digest(entry.stem, code) + code)
    return entry, code


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def test_the_planted_object_would_be_taken_if_it_were_the_users_own(folder):
    _, code = plant(folder)
    assert object_cache.compiled(HONEST, str(folder)) == code


@pytest.mark.parametrize("bits", [0o777, 0o775, 0o722, 0o1777])
def test_a_folder_that_others_can_write_is_not_read_and_said_to_be_so(folder, bits):
    entry, code = plant(folder)
    folder.chmod(bits)
    with pytest.warns(CacheWarning, match=rf"{folder} .*mode {bits:04o}.*chmod 700"):
        found = object_cache.compiled(HONEST, str(folder))
    assert found == object_code(HONEST) != code
    assert list(folder.iterdir()) == [entry]  # nor is anything kept there


@pytest.mark.parametrize("bits", [0o622, 0o620, 0o602])
def test_a_file_that_others_can_write_is_compiled_anew(folder, bits):
    entry, code = plant(folder)
    entry.chmod(bits)
    assert object_cache.compiled(HONEST, str(folder)) != code
    assert mode(entry) == 0o600


@is_root
def test_a_file_of_another_owner_is_compiled_anew(folder):
    entry, code = plant(folder)
    os.chown(entry, NOBODY, NOBODY)
    assert object_cache.compiled(HONEST, str(folder)) != code
    assert entry.stat().st_uid == os.geteuid()


@is_root
def test_a_folder_of_another_owner_is_not_read(folder):
    _, code = plant(folder)
    os.chown(folder, NOBODY, NOBODY)
    with pytest.warns(CacheWarning, match=f"belongs to user {NOBODY}"):
        assert object_cache.compiled(HONEST, str(folder)) != code


def test_a_link_to_a_file_is_not_followed(folder, tmp_path):
    entry, code = plant(folder)
    entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(tmp_path / "elsewhere")
    assert object_cache.compiled(HONEST, str(folder)) != code
    assert not entry.is_symlink()


def test_a_link_to_a_folder_is_not_followed(folder, tmp_path):
    _, code = plant(folder)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.warns(CacheWarning, match="is a link"):
        assert object_cache.compiled(HONEST, str(folder)) != code


def in_time(work):
    """Run in a thread of its own, so that what hangs fails."""
    found = []
    thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
    thread.start()
    thread.join(60)
    assert found, "it hangs"
    return found[0]


def test_a_pipe_is_not_waited_for(folder):
    entry, _ = plant(folder)
    entry.unlink()
    os.mkfifo(entry)
    found = in_time(lambda: object_cache.compiled(HONEST, str(folder)))
    assert found == object_code(HONEST)
    assert entry.is_file()


@is_root
def test_a_device_is_not_read(folder):
    entry, _ = plant(folder)
    entry.unlink()
    try:
        os.mknod(entry, 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero: it never ends
    except PermissionError:
        pytest.skip("no devices can be made here")
    assert in_time(lambda: object_cache.compiled(HONEST, str(folder))) == object_code(HONEST)


def test_a_file_larger_than_any_of_ours_is_not_read(folder):
    with open_private(folder, create=True) as private:
        with (folder / "sparse").open("wb") as file:
            file.truncate(private_folder.LARGEST + 1)
        (folder / "sparse").chmod(0o600)
        assert private.read("sparse") is None


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277])
def test_folder_and_files_are_the_users_alone_under_any_umask(tmp_path, mask):
    folder = tmp_path / "a" / "b" / "cache"
    before = os.umask(mask)
    try:
        object_cache.compiled(HONEST, str(folder))
    finally:
        os.umask(before)
    (entry,) = folder.iterdir()
    assert [mode(p) for p in (folder.parents[1], folder.parent, folder)] == [0o700] * 3
    assert mode(entry) == 0o600


def test_the_objects_not_used_for_longest_go_first(folder, monkeypatch):
    now = time.time()
    with open_private(folder, create=True) as private:
        for age in range(10):
            private.write(f"{age}.object", bytes(100))
            os.utime(folder / f"{age}.object", (now - 7200 * age,) * 2)
        private.shrink(1000)
        assert len(list(folder.iterdir())) == 10
        assert private.read("9.object") is not None  # used anew
        private.shrink(500)
    left = sorted(path.stem for path in folder.iterdir())
    assert left == ["0", "1", "2", "9"]


def test_the_cache_is_held_within_its_limit_as_it_is_written(folder, monkeypatch):
    monkeypatch.setattr(object_cache, "_SHRINK_EVERY", 1)
    monkeypatch.setattr(object_cache, "LIMIT", 2000)
    for number in range(10):
        object_cache.compiled(HONEST.replace("1.0", f"{number}.0"), str(folder))
    assert 0 < sum(path.stat().st_size for path in folder.iterdir()) <= 2000


def test_what_broken_off_writes_left_is_swept_when_it_is_old(folder):
    with open_private(folder, create=True) as private:
        for name, age in (("old.partial", 7200), ("new.partial", 10)):
            (folder / name).write_bytes(b"x")
            os.utime(folder / name, (time.time() - age,) * 2)
        private.shrink(10**6)
    assert [path.name for path in folder.iterdir()] == ["new.partial"]


def test_a_folder_exchanged_after_it_was_opened_is_not_followed(folder, tmp_path):
    with open_private(folder, create=True) as private:
        private.write("mine", b"honest")
        folder.rename(tmp_path / "moved")
        folder.mkdir()
        (folder / "mine").write_bytes(b"planted")
        assert private.read("mine") == b"honest"


def test_there_is_no_private_folder_where_there_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError) as caught, open_private(tmp_path / "file"):
        pass
    assert not isinstance(caught.value, UntrustedFolderError)


def test_a_tilde_is_the_users_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MGCORE_CACHE", "~/kept")
    assert cache_folder() == str(tmp_path / "kept")
    x = Value(0.5, "x")
    mgcompile.compile(ops.tanh(x), [x])
    assert list((tmp_path / "kept").iterdir())
    monkeypatch.setenv("MGCORE_CACHE", "~no_such_user_here/kept")
    with pytest.raises(OptionError, match="MGCORE_CACHE is '~no_such_user_here/kept'"):
        cache_folder()
