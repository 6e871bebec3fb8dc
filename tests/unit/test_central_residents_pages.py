"""Pages on the disk: safe before they are named, laid down again after a crash, never taken for another."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from central.residents import pages as module
from central.residents.keys import VaultDamaged, VaultKeys, seal_page, unseal_page
from central.residents.pages import PageDamaged, PageFiles, PageWriter


def test_a_settled_page_is_read_as_it_was_written(tmp_path: Path) -> None:
    writer = PageWriter(PageFiles(tmp_path))
    digest = writer.write(b"sealed")
    with pytest.raises(PageDamaged, match="missing"):
        PageFiles(tmp_path).read(digest)
    writer.settle()

    assert PageFiles(tmp_path).read(digest) == b"sealed"
    writer.close()
    writer.close()
    assert list((tmp_path / "journal").iterdir()) == []


def test_what_was_not_settled_is_forgotten(tmp_path: Path) -> None:
    writer = PageWriter(PageFiles(tmp_path))
    digest = writer.write(b"sealed")
    writer.forget()
    writer.settle()

    assert not PageFiles(tmp_path).path(digest).exists()


@pytest.mark.parametrize("harm", ["gone", "cut", "empty"])
def test_a_page_that_a_power_cut_took_is_laid_down_again(tmp_path: Path, harm: str) -> None:
    files = PageFiles(tmp_path)
    writer = PageWriter(files)
    digests = [writer.write(os.urandom(1000)) for _ in range(3)]
    writer.settle()
    path = files.path(digests[1])
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:500] if harm == "cut" else b"")

    PageWriter(files).close()

    for digest in digests:
        files.read(digest)


@pytest.mark.parametrize("kept", range(0, 120, 7))
def test_a_torn_journal_gives_back_every_whole_page_before_the_tear(tmp_path: Path, kept: int) -> None:
    files = PageFiles(tmp_path)
    writer = PageWriter(files)
    first = writer.write(b"a" * 20)
    writer.settle()
    second = writer.write(b"b" * 20)
    writer.settle()
    (journal,) = (tmp_path / "journal").iterdir()
    journal.write_bytes(journal.read_bytes()[:kept])
    files.path(first).unlink()
    files.path(second).unlink()

    PageWriter(files).close()

    record = 44 + 20
    assert files.path(first).exists() == (kept >= record)
    assert files.path(second).exists() == (kept >= 2 * record)


def test_a_full_disk_says_so_and_the_next_group_does_not_stand_behind_the_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = PageFiles(tmp_path)
    writer = PageWriter(files)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    writer.write(b"first")
    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(OSError, match="No space"):
        writer.settle()
    monkeypatch.undo()
    second = writer.write(b"second")
    writer.settle()
    files.path(second).unlink()

    PageWriter(files).close()

    assert files.read(second) == b"second"


def test_pages_of_a_group_that_failed_are_not_kept_in_memory(tmp_path: Path) -> None:
    writer = PageWriter(PageFiles(tmp_path))
    digest = writer.write(b"sealed")
    writer.begin_settling()
    writer.wait_until_safe()
    writer.forget()
    writer.begin_laying()
    writer.wait_until_laid()

    assert not PageFiles(tmp_path).path(digest).exists()


def test_a_journal_is_let_go_when_it_has_grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "JOURNAL_BYTES_MAX", 1000)
    writer = PageWriter(PageFiles(tmp_path))
    digests = []
    for _ in range(20):
        digests.append(writer.write(os.urandom(600)))
        writer.settle()
    writer.close()

    assert list((tmp_path / "journal").iterdir()) == []
    assert all(PageFiles(tmp_path).read(digest) for digest in digests)


def test_a_page_that_is_not_what_its_name_says_is_not_given_out(tmp_path: Path) -> None:
    files = PageFiles(tmp_path)
    writer = PageWriter(files)
    digest = writer.write(b"sealed")
    writer.settle()
    files.path(digest).write_bytes(b"other")

    with pytest.raises(PageDamaged, match="not what its name says"):
        files.read(digest)


def test_the_same_picture_of_the_same_resident_is_the_same_file() -> None:
    key = bytes(range(32))

    assert seal_page(key, b"picture", "ab" * 32) == seal_page(key, b"picture", "ab" * 32)
    assert seal_page(key, b"picture", "ab" * 32)[:12] != seal_page(key, b"picture", "cd" * 32)[:12]


def test_a_page_opens_in_its_own_place_with_its_own_key_only() -> None:
    key = bytes(range(32))
    sealed = seal_page(key, b"picture", "ab" * 32)

    assert unseal_page(key, sealed, "ab" * 32) == b"picture"
    for other, place in ((bytes(32), "ab" * 32), (key, "cd" * 32)):
        with pytest.raises(VaultDamaged):
            unseal_page(other, sealed, place)


def test_a_residents_key_is_bound_to_the_resident() -> None:
    keys = VaultKeys(vault_key=b"v" * 32, lookup_key=b"l" * 32)
    wrapped = keys.wrap(b"k" * 32, "r1", b"n" * 12)

    assert keys.unwrap(wrapped, "r1") == b"k" * 32
    with pytest.raises(VaultDamaged):
        keys.unwrap(wrapped, "r2")
    with pytest.raises(VaultDamaged):
        VaultKeys(vault_key=b"w" * 32, lookup_key=b"l" * 32).unwrap(wrapped, "r1")
    assert "v" * 8 not in repr(keys)
