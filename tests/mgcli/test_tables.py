from pathlib import Path

import pytest

from mgcli.tables import TableError, read_table


def written(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_first_line(tmp_path: Path, delimiter: str) -> None:
    text = "a,b,c\n1,x,3\n\n4, y ,6\n".replace(",", delimiter)
    table = read_table(written(tmp_path, text))
    assert table.columns == {"a": ["1", "4"], "b": ["x", "y"], "c": ["3", "6"]}
    assert table.lines == [2, 4]


def test_a_delimiter_inside_a_quoted_name_does_not_count(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, '"a;b;c",d\n1,2\n'))
    assert list(table.columns) == ["a;b;c", "d"]


def test_lines_are_those_of_the_file_also_after_a_quoted_line_break(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, 'a,b\n"x\ny",1\nz,2\n'))
    assert table.columns["a"] == ["x\ny", "z"]
    assert table.lines == [2, 4]
    assert table.place(1, "b").endswith("table.csv, line 4, column 'b'")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_with_and_without_a_mark(tmp_path: Path, encoding: str) -> None:
    table = read_table(written(tmp_path, "größe,b\nä,1\n", encoding))
    assert table.columns == {"größe": ["ä"], "b": ["1"]}


def test_a_named_encoding_is_used(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "a,b\nZürich,1\n", "latin-1"), encoding="latin-1")
    assert table.columns["a"] == ["Zürich"]


def test_a_row_of_empty_fields_is_a_row(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, "a,b\n,\n1,2\n")).columns["a"] == ["", "1"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n", "holds column names but no rows"),
        ("a,b,a\n1,2,3\n", "line 1: columns 1 and 3 are both called 'a'"),
        ("\na,,b\n1,2,3\n", "line 2: column 2 has no name"),
        ("1,2,3\n4,5,6\n", "line 1: the first line holds numbers only"),
        ("a,b,c\n1,2,3\n4,5\n", "line 3: 2 fields, .* names 3 columns; nothing stands for 'c'"),
        ("a,b\n1,2\n3,4,x\n", "line 3: 3 fields, .* names 2 columns; 'x' is one too many"),
        ('a,b\n1,2\n3,"x\n4,5\n', "begins on line 3: .*quotation mark never closed"),
        ("a,b\n1,Zürich\n".encode("latin-1"), "line 2, byte 4: 0xfc is no utf-8 text"),
        (b"a,b\n1,\x00\n", "line 2: a zero byte"),
        (b"PK\x03\x04rest", "zip archive or an Excel workbook"),
        (b"\x1f\x8brest", "compressed by gzip"),
        (b"\xff\xfea", "no utf-16 text"),
    ],
)
def test_what_is_malformed_is_named_with_its_line(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    with pytest.raises(TableError, match=words):
        read_table(written(tmp_path, content))


def test_an_unknown_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no encoding is called 'klingon'"):
        read_table(written(tmp_path, "a,b\n1,2\n"), encoding="klingon")
