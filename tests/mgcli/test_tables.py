import gzip
from pathlib import Path

import pytest

from mgcli.sources import open_source
from mgcli.tables import Format, Reader, TableError, read_table


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
    table = read_table(written(tmp_path, "a,b\nZürich,1\n", "latin-1"), Format(encoding="latin-1"))
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
        ("1,2,3\n4,5,6\n", "line 1: the first line holds numbers only"),
        ("a,b,c\n1,2,3\n4,5\n", "line 3: 2 fields, .* names 3 columns; nothing stands for 'c'"),
        ("a,b\n1,2\n3,4,x\n", "line 3: 3 fields, .* names 2 columns; 'x' is one too many"),
        ('a,b\n1,2\n3,"x\n4,5\n', "begins on line 3: .*quotation mark never closed"),
        ("a,b\n1,Zürich\n".encode("latin-1"), "line 2, byte 4: 0xfc is no utf-8 text"),
        (b"a,b\n1,\x00\n", "line 2: a zero byte"),
        (b"PK\x03\x04rest", "zip archive or an Excel workbook"),
        (b"\x1f\x8brest", "damaged gzip file"),
        (b"\xff\xfea", "no utf-16 text"),
    ],
)
def test_what_is_malformed_is_named_with_its_line(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    with pytest.raises(TableError, match=words):
        read_table(written(tmp_path, content))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognised(tmp_path: Path, encoding: str) -> None:
    table = read_table(written(tmp_path, "größe,b\nä,1\nö,2\n", encoding))
    assert table.columns == {"größe": ["ä", "ö"], "b": ["1", "2"]}


def test_a_gzipped_file_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,x\n"))
    assert read_table(path).columns == {"a": ["1"], "b": ["x"]}


def test_a_gzip_bomb_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mgcli.sources.MOST_BYTES", 1 << 20)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"0" * (1 << 22)))
    with pytest.raises(TableError, match="unpacks to more than"):
        read_table(path)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sep=;\na;b\n1,5;2\n", ["a", "b"]),  # Excel's line
        ("name, long;b\n1,5;2\n2,5;3\n", ["name, long", "b"]),  # several lines decide
        ("a|b\n1,2,3|x\n4,5,6|y\n", ["a", "b"]),
        ("a b  c\n1 2  3\n4  5 6\n", ["a", "b", "c"]),  # columns by spaces
        (",a\n0,5\n1,6\n", ["Unnamed: 0", "a"]),  # as pandas writes an index
        ('"a","b"\n"r1",1,2\n"r2",3,4\n', ["Unnamed: 0", "a", "b"]),  # as R writes row names
        ("a,b\n1,2,\n3,4,\n", ["a", "b"]),  # a delimiter too many
    ],
)
def test_files_are_taken_as_programs_write_them(
    tmp_path: Path, text: str, names: list[str]
) -> None:
    table = read_table(written(tmp_path, text))
    assert list(table.columns) == names
    assert {len(cells) for cells in table.columns.values()} == {len(table.lines)}


def test_a_table_is_read_in_pieces(tmp_path: Path) -> None:
    rows = "".join(f"{i},x{i}\n" for i in range(25))
    reader = Reader(open_source(written(tmp_path, "a,b\n" + rows)), Format())
    pieces = list(reader.tables(10))
    assert [len(piece.lines) for piece in pieces] == [10, 10, 5]
    assert [cell for piece in pieces for cell in piece.columns["a"]] == [str(i) for i in range(25)]
    assert pieces[2].lines[0] == 22


@pytest.mark.parametrize("delimiter", ["ab", '"', "\n", ""])
def test_a_delimiter_is_one_character(delimiter: str) -> None:
    with pytest.raises(TableError, match="a delimiter is one character"):
        Format(delimiter=delimiter)


def test_an_unknown_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no encoding is called 'klingon'"):
        read_table(written(tmp_path, "a,b\n1,2\n"), Format(encoding="klingon"))
