"""A service's work: what it may report in which state, its inbox, and photos judged by their content. Pure."""

import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from chassis109.kernel.errors import FieldError, Invalid, TooLarge
from dispatch109.tickets.model import MOVES, State

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 50_000_000  # a phone's camera makes 12–48 million; more is a bomb
READ = ("JPEG", "PNG", "WEBP")
# MPO is what Pillow calls a JPEG with a second picture behind the first; nobody can ask for it by name.
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "MPO": "image/jpeg"}


# What a service reports, and where it leads: the address of each form ends with the word.
REPORTS: dict[str, State] = {
    "accept": State.ACCEPTED, "start": State.IN_PROGRESS, "pause": State.PAUSED, "return": State.RETURNED,
    "done": State.DONE,
}  # fmt: skip
# The tabs of the inbox; overdue are those of all states whose clock has run out.
TABS: dict[str, tuple[State, ...]] = {
    "new": (State.ASSIGNED,), "accepted": (State.ACCEPTED,), "in_progress": (State.IN_PROGRESS,),
    "paused": (State.PAUSED,), "overdue": (),
}  # fmt: skip


def reports_from(state: State) -> frozenset[str]:
    """What the responsible service may report about a ticket in `state`."""
    return frozenset(report for report, to in REPORTS.items() if to in MOVES[state])


class PhotoTooLarge(TooLarge):
    """A photo may have 10 MB at most."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo fit to be stored: re-encoded, upright, without EXIF. Sizes in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int


def read_photo(content: bytes) -> Photo:
    """Decode and encode again: what is no whole JPEG, PNG or WebP is refused, and nothing but pixels survives."""
    if len(content) > MOST_BYTES:
        raise PhotoTooLarge
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow thinks of broken EXIF
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=READ) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Invalid(FieldError("photo", "pixels", "This photo has too many pixels."))
                media_type = FORMATS[image.format or ""]
                return _encoded(_upright(image), media_type)
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise Invalid(
            FieldError("photo", "content", "This is not a photo that can be read (JPEG, PNG or WebP).")
        ) from error


_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def _upright(image: Image.Image) -> Image.Image:
    """Turned as EXIF says. Pillow's exif_transpose also writes the EXIF again, and fails on hostile values."""
    turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    return image if turn is None else image.transpose(turn)


def _encoded(image: Image.Image, media_type: str) -> Photo:
    pixels = image.convert("RGB" if media_type == "image/jpeg" else image.mode)
    clean = Image.new(pixels.mode, pixels.size)
    clean.paste(pixels)
    if pixels.mode == "P" and (palette := pixels.getpalette()):
        clean.putpalette(palette)
    out = BytesIO()
    clean.save(
        out, format={"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}[media_type], quality=88
    )
    return Photo(out.getvalue(), media_type, image.width, image.height)
