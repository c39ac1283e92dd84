"""Draw the brand images: a house with a meter's dial, alone and with the name beside it.

Every shape is a signed distance (negative inside, in units of a 256-unit-high drawing),
so an edge is blended by its true distance to the pixel and any size comes out clean.
Run without arguments; the same files come out every time.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
import math
from pathlib import Path
import struct
from typing import Final
import zlib

BRAND: Final = Path(__file__).parents[1] / "custom_components" / "py_hab" / "brand"
HEIGHT: Final = 256.0

type Point = tuple[float, float]
type Colour = tuple[float, float, float]
type Distance = Callable[[float, float], float]

SKY: Final = (0x16, 0xA3, 0xB8)
SEA: Final = (0x14, 0x5F, 0xA8)
WHITE: Final = (0xFF, 0xFF, 0xFF)
AMBER: Final = (0xFF, 0xC8, 0x3D)
INK: Final = (0x1F, 0x3A, 0x52)
PALE: Final = (0xE4, 0xEE, 0xF5)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One shape in one colour, or in a colour that runs from top to bottom."""

    shape: Distance
    colour: Colour
    lower: Colour | None = None
    opacity: float = 1.0

    def colour_at(self, y: float) -> Colour:
        """Return the colour at a height of the drawing."""
        if self.lower is None:
            return self.colour
        share = min(max(y / HEIGHT, 0.0), 1.0)
        red, green, blue = (
            a + (b - a) * share for a, b in zip(self.colour, self.lower, strict=True)
        )
        return red, green, blue


def polygon(points: Iterable[Point], *, rounding: float = 0.0) -> Distance:
    """Return a polygon whose corners stand out by the rounding."""
    corners = tuple(points)
    edges = tuple(zip(corners, corners[1:] + corners[:1], strict=True))

    def distance(x: float, y: float) -> float:
        nearest = math.inf
        inside = False
        for (ax, ay), (bx, by) in edges:
            ex, ey, wx, wy = bx - ax, by - ay, x - ax, y - ay
            along = min(max((wx * ex + wy * ey) / (ex * ex + ey * ey), 0.0), 1.0)
            nearest = min(nearest, math.hypot(wx - ex * along, wy - ey * along))
            if (ay > y) != (by > y) and x < ax + ex * (y - ay) / ey:
                inside = not inside
        return (-nearest if inside else nearest) - rounding

    return distance


def line(points: Iterable[Point], *, width: float) -> Distance:
    """Return a line through the points with round ends."""
    stops = tuple(points)
    parts = tuple(pairwise(stops))

    def distance(x: float, y: float) -> float:
        nearest = math.inf
        for (ax, ay), (bx, by) in parts:
            ex, ey, wx, wy = bx - ax, by - ay, x - ax, y - ay
            along = min(max((wx * ex + wy * ey) / (ex * ex + ey * ey), 0.0), 1.0)
            nearest = min(nearest, math.hypot(wx - ex * along, wy - ey * along))
        return nearest - width / 2

    return distance


def arc(
    centre: Point, radius: float, *, width: float, start: float = 0.0, end: float = 360.0
) -> Distance:
    """Return a part of a ring with round ends; degrees clockwise from the top."""
    cx, cy = centre
    middle = math.radians((start + end) / 2)
    half = math.radians((end - start) / 2)
    sine, cosine = math.sin(middle), math.cos(middle)
    tip_x, tip_y = radius * math.sin(half), radius * math.cos(half)

    def distance(x: float, y: float) -> float:
        # Turned so that the middle of the arc points up, and folded onto its right half.
        across = abs((x - cx) * cosine + (y - cy) * sine)
        up = (x - cx) * sine - (y - cy) * cosine
        if math.atan2(across, up) <= half:
            return abs(math.hypot(across, up) - radius) - width / 2
        return math.hypot(across - tip_x, up - tip_y) - width / 2

    return distance


DIAL: Final = (128.0, 152.0)
DIAL_RADIUS: Final = 71.0
DIAL_WIDTH: Final = 20.0

HOUSE: Final = (
    Layer(
        shape=polygon(
            ((128, 26), (228, 114), (228, 228), (28, 228), (28, 114)),
            rounding=22,
        ),
        colour=SKY,
        lower=SEA,
    ),
    Layer(
        shape=arc(DIAL, DIAL_RADIUS, width=DIAL_WIDTH, start=-130, end=130),
        colour=WHITE,
        opacity=0.35,
    ),
    Layer(
        shape=arc(DIAL, DIAL_RADIUS, width=DIAL_WIDTH, start=-130, end=48),
        colour=AMBER,
    ),
    Layer(
        shape=polygon(
            ((139, 106), (101, 160), (125, 160), (117, 200), (155, 144), (131, 144)),
            rounding=5,
        ),
        colour=WHITE,
    ),
)

STROKE: Final = 21.0
BASE: Final = 172.0
BOWL: Final = 34.0
MIDDLE: Final = BASE - BOWL
ASCENDER: Final = 62.0
DESCENDER: Final = 216.0


def name_shapes() -> tuple[Distance, ...]:
    """Return the letters of the name, drawn with one pen."""

    def pen(*points: Point) -> Distance:
        return line(points, width=STROKE)

    def bowl(x: float, *, start: float = 0.0, end: float = 360.0) -> Distance:
        return arc((x, MIDDLE), BOWL, width=STROKE, start=start, end=end)

    top = MIDDLE - BOWL
    return (
        # p
        pen((310, top), (310, DESCENDER)),
        bowl(344),
        # y
        pen((407, top), (437, BASE)),
        pen((467, top), (422, DESCENDER)),
        # _
        pen((490, 205), (548, 205)),
        # h
        pen((577, ASCENDER), (577, BASE)),
        bowl(611, start=-90, end=90),
        pen((645, MIDDLE), (645, BASE)),
        # a
        bowl(717),
        pen((751, top), (751, BASE)),
        # b
        pen((791, ASCENDER), (791, BASE)),
        bowl(825),
    )


LOGO_WIDTH: Final = 872.0


def draw(layers: Iterable[Layer], *, width: float, height_px: int) -> bytes:
    """Return the drawing as a PNG of that height."""
    scale = height_px / HEIGHT
    width_px = round(width * scale)
    stack = tuple(layers)
    rows = bytearray()
    for row in range(height_px):
        y = (row + 0.5) / scale
        rows.append(0)  # PNG filter "none"
        colours = [layer.colour_at(y) for layer in stack]
        for column in range(width_px):
            x = (column + 0.5) / scale
            red = green = blue = alpha = 0.0
            for layer, colour in zip(stack, colours, strict=True):
                share = 0.5 - layer.shape(x, y) * scale
                if share <= 0:
                    continue
                share = min(share, 1.0) * layer.opacity
                kept = alpha * (1 - share)
                alpha = kept + share
                red = (red * kept + colour[0] * share) / alpha
                green = (green * kept + colour[1] * share) / alpha
                blue = (blue * kept + colour[2] * share) / alpha
            rows += bytes((round(red), round(green), round(blue), round(alpha * 255)))
    return png(bytes(rows), width=width_px, height=height_px)


def png(rows: bytes, *, width: int, height: int) -> bytes:
    """Return a PNG file of eight-bit RGBA rows, each led by its filter byte."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(rows, 9)),
            chunk(b"IEND", b""),
        )
    )


def logo(ink: Colour) -> tuple[Layer, ...]:
    """Return the house with the name beside it."""
    return (*HOUSE, *(Layer(shape=shape, colour=ink) for shape in name_shapes()))


def main() -> None:
    """Write all images."""
    BRAND.mkdir(parents=True, exist_ok=True)
    for name, layers, width, height_px in (
        ("icon", HOUSE, HEIGHT, 256),
        ("logo", logo(INK), LOGO_WIDTH, 160),
        ("dark_logo", logo(PALE), LOGO_WIDTH, 160),
    ):
        for suffix, factor in (("", 1), ("@2x", 2)):
            image = draw(layers, width=width, height_px=height_px * factor)
            (BRAND / f"{name}{suffix}.png").write_bytes(image)


if __name__ == "__main__":
    main()
