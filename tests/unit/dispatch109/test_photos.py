"""A photo is what it shows: judged by content, upright, and silent about who took it where."""

import random
from io import BytesIO

import pytest
from PIL import Image
from tests.makers import photo

from chassis109.kernel.errors import Invalid
from dispatch109.execution import model
from dispatch109.execution.model import PhotoTooLarge, read_photo

ORIENTATION, MAKER, GPS = 0x0112, 0x010F, 0x8825
KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION], tags[MAKER] = orientation, "Maker of phones"
    tags.get_ifd(GPS)[1], tags.get_ifd(GPS)[2] = "N", (54.0, 52.0, 1.0)
    return tags


def rule_of(content: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        read_photo(content)
    (error,) = refused.value.errors
    assert error.field == "photo"
    return error.rule


@pytest.mark.parametrize("kind", KINDS)
def test_the_three_kinds_are_known_by_their_content(kind: str) -> None:
    read = read_photo(photo(kind, size=(64, 48)))

    assert (read.media_type, read.width, read.height) == (KINDS[kind], 64, 48)
    assert Image.open(BytesIO(read.content)).format == kind


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_stays_of_where_and_with_what_it_was_taken(kind: str) -> None:
    taken = photo(kind, exif=exif())
    assert b"Maker of phones" in taken

    read = read_photo(taken)

    image = Image.open(BytesIO(read.content))
    assert dict(image.getexif()) == {}
    assert "exif" not in image.info
    assert b"Maker" not in read.content


def test_words_and_profiles_in_the_file_do_not_stay() -> None:
    out = BytesIO()
    image = Image.new("RGB", (8, 8))
    image.info["comment"] = b"home of Aigul"
    image.save(out, "JPEG", comment=b"home of Aigul", icc_profile=b"profile of Aigul")

    assert b"Aigul" not in read_photo(out.getvalue()).content


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright_however_the_phone_was_held(kind: str, orientation: int) -> None:
    upright = Image.new("RGB", (64, 32), "black")
    upright.paste("white", (0, 0, 32, 16))  # the upper left quarter
    lying = upright.transpose(_BACK[orientation]) if orientation in _BACK else upright
    out = BytesIO()
    lying.save(out, kind, exif=exif(orientation), **({"quality": 95} if kind != "PNG" else {}))

    read = Image.open(BytesIO(read_photo(out.getvalue()).content)).convert("L")

    assert read.size == (64, 32)
    bright = [read.getpixel(at) > 128 for at in ((16, 8), (48, 8), (16, 24), (48, 24))]
    assert bright == [True, False, False, False]


_T = Image.Transpose
_BACK = {
    2: _T.FLIP_LEFT_RIGHT, 3: _T.ROTATE_180, 4: _T.FLIP_TOP_BOTTOM, 5: _T.TRANSPOSE, 6: _T.ROTATE_90,
    7: _T.TRANSVERSE, 8: _T.ROTATE_270,
}  # fmt: skip


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_way_of_storing_colours_in_a_png_is_read(mode: str) -> None:
    out = BytesIO()
    Image.new(mode, (16, 9)).save(out, "PNG")

    assert (read_photo(out.getvalue()).width, read_photo(out.getvalue()).height) == (16, 9)


def test_a_photo_for_print_becomes_one_for_screens() -> None:
    out = BytesIO()
    Image.new("CMYK", (16, 9)).save(out, "JPEG")

    assert Image.open(BytesIO(read_photo(out.getvalue()).content)).mode == "RGB"


def test_a_phone_that_stores_two_pictures_in_one_file_sends_a_jpeg() -> None:
    out = BytesIO()
    Image.new("RGB", (20, 10)).save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (20, 10))])

    assert read_photo(out.getvalue()).media_type == "image/jpeg"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7\n",
        b"\x00\x00\x00\x18ftypheic" + b"\0" * 40,
        b"BM" + b"\0" * 60,
        b"PK\x03\x04" + b"\0" * 60,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 60,
    ],
    ids=["nothing", "three bytes", "svg", "html", "pdf", "heic", "bmp", "zip", "png head"],
)
def test_what_is_no_photo_is_refused_whatever_its_name_says(content: bytes) -> None:
    assert rule_of(content) == "content"


def test_a_gif_is_refused() -> None:
    out = BytesIO()
    Image.new("P", (10, 10)).save(out, "GIF")

    assert rule_of(out.getvalue()) == "content"


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_photo_is_refused(kind: str) -> None:
    whole = BytesIO()
    Image.effect_noise((200, 150), 80).convert("RGB").save(whole, kind)

    assert rule_of(whole.getvalue()[: len(whole.getvalue()) // 2]) == "content"


@pytest.mark.parametrize("kind", KINDS)
def test_what_hangs_behind_or_hides_in_a_photo_does_not_come_through(kind: str) -> None:
    stowaway = b"<script>alert(1)</script>PK\x03\x04 a whole archive"

    assert b"script" not in read_photo(photo(kind) + stowaway).content


def test_a_few_bytes_that_unfold_into_a_wall_of_pixels_are_refused() -> None:
    small = BytesIO()
    Image.new("1", (7100, 7100)).save(small, "PNG")
    assert len(small.getvalue()) < 10_000
    assert rule_of(small.getvalue()) == "pixels"

    huge = BytesIO()
    Image.new("1", (9_500, 9_500)).save(huge, "PNG")
    assert rule_of(huge.getvalue()) == "content"


def test_more_than_ten_megabytes_are_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("was read")

    monkeypatch.setattr(model.Image, "open", never)
    with pytest.raises(PhotoTooLarge):
        read_photo(b"\xff" * (model.MOST_BYTES + 1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_photo_is_read_or_refused_and_never_breaks_us(kind: str) -> None:
    chance = random.Random(109)  # noqa: S311 - the same damage every time
    out = BytesIO()
    Image.effect_noise((40, 30), 80).convert("RGB").save(out, kind, exif=exif(6))
    whole = out.getvalue()
    place = max(whole.find(b"Exif"), whole.find(b"MM\x00*"), 0)
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 5)):
            near = min(place + chance.randrange(150), len(damaged) - 1)
            damaged[chance.choice((near, chance.randrange(len(damaged))))] = chance.randrange(256)
        try:
            read_photo(bytes(damaged))
        except Invalid:
            continue
