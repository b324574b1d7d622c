"""Turn an SVG drawing into PNG, without a browser and with a font that comes along."""

from pathlib import Path

_FACES = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono")


def to_png(svg: str, zoom: float) -> bytes:
    """Render one drawing.

    Text is set in the DejaVu fonts that matplotlib ships, so the picture is the same on every
    system. The system's own fonts are asked only for letters that these lack.

    Args:
        svg: the text of a drawing.
        zoom: pixels per SVG unit.

    Returns:
        The bytes of the PNG file.
    """
    import matplotlib as mpl
    from matplotlib.ft2font import FT2Font
    from resvg_py import svg_to_bytes

    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    files = [str(fonts / f"{face}.ttf") for face in _FACES]
    known = FT2Font(files[0]).get_charmap().keys()
    enough = {ord(letter) for letter in svg if letter.isprintable()} <= known
    return bytes(svg_to_bytes(svg, zoom=zoom, skip_system_fonts=enough, font_files=files))
