#!/usr/bin/env python3
"""Makes the fonts that stand behind Inter; README.md says what they are.

    python3 make.py NotoSansCJK-Regular.ttc FOLDER
    python3 make.py interface

FOLDER has NotoSansArabic-Regular.ttf and the other scripts' fonts. The second makes anew, of the fonts here, what depends on
the words of the window.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent

# A byte that is no UTF-8 is the character STAND_IN + byte of a text: see src/text/bytes.rs.
STAND_IN = 0x10FE00


# The pictures of control characters, from U+2400.
CONTROLS = """NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI
    DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US SP DEL""".split()


# Scripts whose letters join, stack or change places: the blocks of each that its font has.
SCRIPTS = {
    "Hebrew": [(0x0590, 0x0600), (0xFB1D, 0xFB50)],
    "Devanagari": [(0x0900, 0x0980), (0xA8E0, 0xA900), (0x1CD0, 0x1D00)],
    "Bengali": [(0x0964, 0x0966), (0x0980, 0x0A00)],
    "Gurmukhi": [(0x0964, 0x0966), (0x0A00, 0x0A80)],
    "Gujarati": [(0x0964, 0x0966), (0x0A80, 0x0B00)],
    "Oriya": [(0x0964, 0x0966), (0x0B00, 0x0B80)],
    "Tamil": [(0x0964, 0x0966), (0x0B80, 0x0C00)],
    "Telugu": [(0x0964, 0x0966), (0x0C00, 0x0C80)],
    "Kannada": [(0x0964, 0x0966), (0x0C80, 0x0D00)],
    "Malayalam": [(0x0964, 0x0966), (0x0D00, 0x0D80)],
    "Sinhala": [(0x0964, 0x0966), (0x0D80, 0x0E00)],
    "Thai": [(0x0E00, 0x0E80)],
    "Lao": [(0x0E80, 0x0F00)],
    "Khmer": [(0x1780, 0x1800), (0x19E0, 0x1A00)],
    "Myanmar": [(0x1000, 0x10A0)],
    "Ethiopic": [(0x1200, 0x13A0), (0x2D80, 0x2DE0), (0xAB00, 0xAB30)],
    "Armenian": [(0x0530, 0x0590), (0xFB13, 0xFB18)],
    "Georgian": [(0x10A0, 0x1100), (0x1C90, 0x1CC0), (0x2D00, 0x2D30)],
}

# Signs of formulas; Inter, which comes first, has the common ones.
MATHEMATICS = [
    (0x2100, 0x2150),  # letterlike symbols
    (0x2190, 0x2400),  # arrows, operators, technical signs
    (0x25A0, 0x2600),  # shapes
    (0x27C0, 0x2800),  # more operators, brackets, arrows
    (0x2900, 0x2B00),
    (0x1D400, 0x1D800),  # letters
]


def coded(charset, highs, lows):
    """The characters that two bytes of a charset stand for."""
    for high in highs:
        for low in lows:
            try:
                text = bytes([high, low]).decode(charset)
            except UnicodeDecodeError:
                continue  # Some places are empty.
            if len(text) == 1:
                yield ord(text)


def han():
    """The Han characters of GB 2312, of Big5's first level, of JIS X 0208 and of KS X 1001."""
    high = range(0xA1, 0xFF)
    found = {
        *coded("gb2312", range(0xB0, 0xF8), high),
        *coded("big5", range(0xA4, 0xC7), range(0x40, 0xFF)),
        *coded("euc_jp", range(0xB0, 0xF5), high),
        *coded("euc_kr", range(0xCA, 0xFE), high),
    }
    return sorted(c for c in found if 0x3400 <= c < 0xA000)


def cut(source, number, name, characters, features):
    """A subset without hints and without what only other layouts need."""
    options = subset.Options()
    options.hinting = False
    options.layout_features = features
    options.notdef_outline = True
    options.drop_tables += ["BASE", "VORG", "vhea", "vmtx", "DSIG"]
    options.name_IDs = [0, 1, 2, 3, 5, 13, 14]
    options.font_number = number
    font = subset.load_font(source, options)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=characters)
    worker.subset(font)
    # No date of making: the same sources give the same file.
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    subset.save_font(font, HERE / name, options)


def draw(pen, font, name, transform):
    """Draws a glyph's outline in quadratic curves."""
    glyphs = font.getGlyphSet()
    recording = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(recording)
    # TrueType contours run the other way round than PostScript ones.
    quadratic = Cu2QuPen(pen, max_err=1.0, reverse_direction="CFF " in font)
    recording.replay(TransformPen(quadratic, transform))


def rule(pen, left, bottom, right, top):
    """A filled rectangle."""
    pen.moveTo((left, bottom))
    for corner in ((left, top), (right, top), (right, bottom)):
        pen.lineTo(corner)
    pen.closePath()


def box(pen, left, bottom, right, top, line):
    """A frame `line` thick."""
    rule(pen, left, bottom, right, bottom + line)
    rule(pen, left, top - line, right, top)
    rule(pen, left, bottom + line, left + line, top - line)
    rule(pen, right - line, bottom + line, right, top - line)


def write(pen, font, text, size, middle, base):
    """Draws a line of text of `size` units around `middle`."""
    names = [font.getBestCmap()[ord(c)] for c in text]
    width = sum(font["hmtx"][name][0] for name in names)
    # Three broad letters must leave room beside them.
    scale = min(size / font["head"].unitsPerEm, 980 / width)
    x = middle - width * scale / 2
    for name in names:
        draw(pen, font, name, (scale, 0, 0, scale, x, base))
        x += font["hmtx"][name][0] * scale


def signs(mathematics):
    """Pictures of control characters, of bytes that are no characters, and some brackets."""
    inter = TTFont(HERE / "Inter-SemiBold.otf")
    noto = TTFont(mathematics)
    glyphs, widths, characters = {}, {}, {}

    def add(name, pen, width, code):
        glyphs[name], widths[name] = pen.glyph(), width
        if code is not None:
            characters[code] = name

    blank = TTGlyphPen(None)
    box(blank, 80, 0, 520, 720, 50)
    add(".notdef", blank, 600, None)

    # Half brackets round up and down; angle brackets and the dotted circle are for names of tokens.
    scale = 1000 / noto["head"].unitsPerEm
    for code in [*range(0x2308, 0x230C), 0x25CC, 0x27E8, 0x27E9]:
        name = noto.getBestCmap()[code]
        pen = TTGlyphPen(None)
        draw(pen, noto, name, (scale, 0, 0, scale, 0, 0))
        add(f"uni{code:04X}", pen, round(noto["hmtx"][name][0] * scale), code)

    # Two places of a fixed-width font: letters on a line, or two hexadecimal figures in a frame.
    wide = 1204
    for code, letters in enumerate(CONTROLS, 0x2400):
        pen = TTGlyphPen(None)
        write(pen, inter, letters, 590, wide / 2, 60)
        rule(pen, 112, -130, wide - 112, -80)
        add(f"uni{code:04X}", pen, wide, code)
    for byte in range(0x80, 0x100):
        pen = TTGlyphPen(None)
        box(pen, 70, -150, wide - 70, 830, 55)
        write(pen, inter, f"{byte:02X}", 720, wide / 2, 85)
        add(f"byte{byte:02X}", pen, wide, STAND_IN + byte)

    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(list(glyphs))
    font.setupCharacterMap(characters)
    font.setupGlyf(glyphs)
    table = font.font["glyf"]
    font.setupHorizontalMetrics(
        {name: (width, getattr(table[name], "xMin", 0)) for name, width in widths.items()}
    )
    font.setupHorizontalHeader(ascent=950, descent=-250)
    font.setupNameTable(
        {
            "familyName": "Spanscope Signs",
            "styleName": "Regular",
            "copyright": "Copyright 2022 The Noto Project Authors; Copyright 2016-2022 The Inter Project Authors",
            "licenseDescription": "This Font Software is licensed under the SIL Open Font License, Version 1.1.",
            "licenseInfoURL": "https://openfontlicense.org",
        }
    )
    font.setupOS2(sTypoAscender=950, sTypoDescender=-250, usWinAscent=950, usWinDescent=250)
    font.setupPost(keepGlyphNames=False)
    font.font["head"].created = font.font["head"].modified = 0
    font.font.recalcTimestamp = False
    font.save(HERE / "Signs-Regular.ttf")


def script(source, name, blocks):
    """A font's own blocks, with all that puts its letters together."""
    has = TTFont(source).getBestCmap()
    own = [c for first, end in blocks for c in range(first, end) if c in has]
    # Joiners, and the circle that stands below a mark without a letter.
    own += [c for c in [0x200C, 0x200D, 0x25CC] if c in has]
    cut(source, -1, name, own, subset.Options._layout_features_default)


def interface():
    """Of the font of Han characters what the window itself says in Chinese: a page in a browser begins with it."""
    sources = HERE.parents[2] / "src"
    texts = [path.read_text("utf-8") for path in sorted(sources.rglob("*.rs"))]
    whole = HERE / "NotoSansSC-Subset.otf"
    has = TTFont(whole).getBestCmap()
    said = sorted({ord(c) for c in "".join(texts)} & set(has))
    cut(whole, -1, "NotoSansSC-Interface.otf", said, [])


def main(cjk, folder):
    chinese = [
        *han(),
        *range(0x3000, 0x3040),  # CJK punctuation
        *range(0x3041, 0x3100),  # hiragana and katakana
        *range(0x3105, 0x3130),  # bopomofo
        *range(0x31A0, 0x3200),  # more of it, strokes, small katakana
        *range(0x3200, 0x3400),  # characters in circles and squares
        *range(0xFE30, 0xFE50),  # forms for vertical text
        *range(0xFF01, 0xFFA0),  # full-width forms, half-width katakana
        *range(0xFFE0, 0xFFE7),
    ]
    # 2: the Simplified Chinese face of the collection. No features: egui has no use for them.
    cut(cjk, 2, "NotoSansSC-Subset.otf", chinese, [])
    interface()
    korean = [
        *range(0x1100, 0x1200),  # jamo
        *range(0x3131, 0x318F),  # the same as letters
        *range(0xAC00, 0xD7A4),  # syllables
    ]
    cut(cjk, 1, "NotoSansKR-Subset.otf", korean, ["ccmp", "ljmo", "vjmo", "tjmo"])
    arabic = [
        *range(0x0600, 0x0700),
        *range(0x0750, 0x0780),
        *range(0xFB50, 0xFE00),  # presentation forms A
        *range(0xFE70, 0xFEFD),  # presentation forms B
        *range(0x200C, 0x2010),
        0x25CC,
    ]
    # What joins letters and places marks.
    joins = ["ccmp", "isol", "init", "medi", "fina", "rlig", "calt", "curs", "mark", "mkmk"]
    folder = Path(folder)
    cut(folder / "NotoSansArabic-Regular.ttf", -1, "NotoSansArabic-Subset.ttf", arabic, joins)
    for name, blocks in SCRIPTS.items():
        script(folder / f"NotoSans{name}-Regular.ttf", f"NotoSans{name}-Subset.ttf", blocks)
    mathematics = folder / "NotoSansMath-Regular.ttf"
    script(mathematics, "NotoSansMath-Subset.ttf", MATHEMATICS)
    signs(mathematics)


if __name__ == "__main__":
    interface() if sys.argv[1:] == ["interface"] else main(*sys.argv[1:])
