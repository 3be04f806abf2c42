"""Images of all formats become upright sRGB pictures with right sizes and colours; damaged, huge and hostile ones end with a reason."""
import io
import json
import os
import struct
import subprocess
import time
import uuid
import zlib

import pytest
import requests
from PIL import Image

RED, GREEN, BLUE, YELLOW = (220, 40, 40), (40, 200, 60), (40, 60, 210), (230, 220, 50)
SIZE = (320, 200)


def quarters(size=SIZE, colours=(RED, GREEN, BLUE, YELLOW)):
    """A picture of four colours: top left, top right, bottom left, bottom right."""
    image = Image.new("RGB", size)
    for k, colour in enumerate(colours):
        image.paste(colour, (k % 2 * size[0] // 2, k // 2 * size[1] // 2, (k % 2 + 1) * size[0] // 2, (k // 2 + 1) * size[1] // 2))
    return image


def seen(image):
    """The colours at the centres of the quarters."""
    image = image.convert("RGB")
    width, height = image.size
    return [image.getpixel((width * (1 + 2 * (k % 2)) // 4, height * (1 + 2 * (k // 2)) // 4)) for k in range(4)]


def near(found, wanted, tolerance):
    return all(abs(a - b) <= tolerance for one, other in zip(found, wanted) for a, b in zip(one, other))


def run(*command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def profile_with_swapped_primaries():
    """An ICC profile (version 2, matrix) whose red is sRGB's blue and the other way round."""
    def fixed(value):
        return struct.pack(">i", round(value * 65536))

    def xyz(*values):
        return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    red, green, blue = xyz(0.4361, 0.2225, 0.0139), xyz(0.3851, 0.7169, 0.0971), xyz(0.1431, 0.0606, 0.7141)
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"swap\0" + bytes(78)
    tags = [(b"desc", name + bytes(-len(name) % 4)), (b"cprt", b"text\0\0\0\0none\0\0\0\0"), (b"wtpt", xyz(0.9642, 1.0, 0.8249)), (b"rXYZ", blue),
            (b"gXYZ", green), (b"bXYZ", red), (b"rTRC", curve), (b"gTRC", curve), (b"bTRC", curve)]
    at, table, data = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for tag, value in tags:
        table += tag + struct.pack(">II", at + len(data), len(value))
        data += value
    size = 128 + len(table) + len(data)
    head = struct.pack(">I", size) + bytes(4) + struct.pack(">I", 0x02400000) + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    head += b"".join(map(fixed, (0.9642, 1.0, 0.8249)))
    return head.ljust(128, b"\0") + table + data


def write_dng(path):
    """A camera's raw picture: 16 bits behind a Bayer filter, half of the quarters' size each way in four colours."""
    width, height = SIZE
    source = quarters().load()
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            red, green, blue = source[x, y]
            linear = lambda level: round((level / 255) ** 2.2 * 60000)
            pixels += struct.pack("<H", linear((red, green, green, blue)[(y % 2) * 2 + x % 2]))
    blob = bytearray()
    entries = []

    def add(tag, kind, values):
        size = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 10: 8}[kind]
        form = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 10: "ii"}[kind]
        flat = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
        data = struct.pack("<" + (form * len(values)), *flat)
        assert len(data) == size * len(values)
        entries.append((tag, kind, len(values), data))

    add(254, 4, [0]); add(256, 4, [width]); add(257, 4, [height]); add(258, 3, [16]); add(259, 3, [1]); add(262, 3, [32803])
    add(271, 2, list(b"Test\0")); add(272, 2, list(b"Test\0")); add(273, 4, [0]); add(274, 3, [1]); add(277, 3, [1]); add(278, 4, [height])
    add(279, 4, [len(pixels)]); add(33421, 3, [2, 2]); add(33422, 1, [0, 1, 1, 2]); add(50706, 1, [1, 4, 0, 0]); add(50707, 1, [1, 1, 0, 0])
    add(50708, 2, list(b"Test\0")); add(50714, 3, [0]); add(50717, 4, [60000])
    # from XYZ to the camera's colours, which are those of sRGB
    add(50721, 10, [(round(v * 10000), 10000) for v in (3.2405, -1.5371, -0.4985, -0.9693, 1.8760, 0.0416, 0.0556, -0.2040, 1.0572)])
    add(50728, 5, [(10000, 10000)] * 3)
    add(50778, 3, [21])
    entries.sort()
    base = 8 + 2 + 12 * len(entries) + 4
    for tag, kind, count, data in entries:
        if len(data) > 4:
            blob += data + bytes(len(data) % 2)
    strip = base + len(blob)
    ifd, at = struct.pack("<H", len(entries)), base
    for tag, kind, count, data in entries:
        if tag == 273:
            data = struct.pack("<I", strip)
        if len(data) > 4:
            ifd += struct.pack("<HHII", tag, kind, count, at)
            at += len(data) + len(data) % 2
        else:
            ifd += struct.pack("<HHI", tag, kind, count) + data.ljust(4, b"\0")
    path.write_bytes(struct.pack("<2sHI", b"II", 42, 8) + ifd + bytes(4) + bytes(blob) + bytes(pixels))


def write_deep(path, form):
    """16 bits a channel."""
    image = quarters()
    raw = b"".join(struct.pack("<HHH", *(level * 257 for level in pixel)) for pixel in image.getdata())
    run_input = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", f"{SIZE[0]}x{SIZE[1]}", "-i", "-", "-frames:v", "1",
                 "-pix_fmt", form, str(path)]
    subprocess.run(run_input, input=raw, check=True)


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6            # the camera was turned: rows are columns
    return exif


def makers(folder):
    """name → (how it is written, stored format, stored size, tolerance)"""
    plain = quarters()
    upright = SIZE[::-1]

    def ffmpeg(name, *options):
        plain.save(folder / "plain.png")
        run("ffmpeg", "-v", "error", "-y", "-i", folder / "plain.png", *options, folder / name)

    def heic(name):
        plain.save(folder / "plain.png")
        run("heif-enc", "-q", "90", "-o", folder / name, folder / "plain.png")

    return {
        "a.jpg": (lambda p: plain.save(p, quality=95), "JPEG", SIZE, 6),
        "b.png": (lambda p: plain.save(p), "PNG", SIZE, 0),
        "c.tif": (lambda p: plain.save(p, compression="tiff_lzw"), "PNG", SIZE, 0),
        "d.tiff": (lambda p: write_deep(p, "rgb48le"), "PNG", SIZE, 1),
        "e.png": (lambda p: write_deep(p, "rgb48be"), "PNG", SIZE, 1),
        "f.bmp": (lambda p: plain.save(p), "PNG", SIZE, 0),
        "g.gif": (lambda p: plain.quantize(16).save(p), "PNG", SIZE, 6),
        "h.webp": (lambda p: plain.save(p, quality=95), "PNG", SIZE, 8),
        "i.avif": (lambda p: ffmpeg("i.avif", "-c:v", "libaom-av1", "-still-picture", "1", "-crf", "10", "-pix_fmt", "yuv444p"), "PNG", SIZE, 12),
        "j.heic": (lambda p: heic("j.heic"), "PNG", SIZE, 12),
        "k.dng": (write_dng, "PNG", SIZE, 45),
        "l.jpg": (lambda p: plain.transpose(Image.Transpose.ROTATE_90).save(p, quality=95, exif=turned()), "PNG", SIZE, 6),
        "m.tif": (lambda p: plain.convert("CMYK").save(p), "PNG", SIZE, 85),
        "n.jpg": (lambda p: plain.convert("CMYK").save(p, quality=95), "PNG", SIZE, 85),
        "o.tif": (lambda p: quarters(colours=[c[::-1] for c in (RED, GREEN, BLUE, YELLOW)]).save(p, icc_profile=profile_with_swapped_primaries()),
                  "PNG", SIZE, 12),
        "p.png": (lambda p: plain.convert("L").save(p), "PNG", SIZE, None),
        "q.png": (lambda p: plain.convert("RGBA").save(p), "PNG", SIZE, 0),
        "r.jpg": (lambda p: plain.save(p, quality=95, progressive=True), "JPEG", SIZE, 6),
        "s.tif": (lambda p: plain.transpose(Image.Transpose.ROTATE_90).save(p, tiffinfo={274: 6}), "PNG", SIZE, 0),
        "t.webp": (lambda p: plain.save(p, lossless=True), "PNG", SIZE, 0),
    }, upright


@pytest.fixture
def images(http, project):
    return http.ok("POST", f"/rest/MediaTypes/{project.id}", {"name": "images", "dtype": "image"})["id"]


@pytest.fixture
def put(http, project):
    """put(path) uploads a file; answers its URL."""
    def upload(path):
        info = http.ok("GET", f"/rest/UploadInfo/{project.id}", filename=path.name)
        assert requests.put(info["urls"][0], data=path.read_bytes(), timeout=60).status_code == 200
        return http.ok("POST", f"/rest/DownloadInfo/{project.id}", {"keys": [info["key"]]})[0]["url"]
    return upload


def imported(http, number, seconds=60):
    until = time.monotonic() + seconds
    while not (media := http.ok("GET", f"/rest/Media/{number}", presigned=3600, no_cache="true"))["media_files"].get("image"):
        assert time.monotonic() < until, "the image was not imported"
        time.sleep(0.1)
    return media


def fetched(definition):
    answer = requests.get(definition["path"], timeout=60)
    assert answer.status_code == 200 and len(answer.content) == definition["size"]
    return Image.open(io.BytesIO(answer.content))


def test_every_format_is_imported_upright_in_its_colours(http, project, images, put, tmp_path):
    cases, _ = makers(tmp_path)
    made = {}
    for name, (write, *_) in cases.items():
        write(tmp_path / name)
        made[name] = http.ok("POST", f"/rest/Medias/{project.id}", {"type": images, "name": name, "md5": uuid.uuid4().hex, "url": put(tmp_path / name),
                                                                    "section": "S"})["id"]
    for name, (_, form, size, tolerance) in cases.items():
        media = imported(http, made[name])
        image, small = fetched(media["media_files"]["image"][0]), fetched(media["media_files"]["thumbnail"][0])
        assert (image.format, image.size, media["media_files"]["image"][0]["resolution"]) == (form, size, list(size[::-1])), name
        assert (media["width"], media["height"]) == size, name
        assert (small.format, small.mode, small.size) == ("JPEG", "L" if tolerance is None else "RGB", (256, 160)), name
        if tolerance is not None:
            assert near(seen(image), (RED, GREEN, BLUE, YELLOW), tolerance), (name, seen(image))
            assert near(seen(small), (RED, GREEN, BLUE, YELLOW), max(tolerance, 12)), (name, seen(small))
        kept = name in ("a.jpg", "b.png", "e.png", "p.png", "q.png", "r.jpg")
        stored = requests.get(media["media_files"]["image"][0]["path"], timeout=60).content
        assert (stored == (tmp_path / name).read_bytes()) == kept, name


def test_sixteen_bits_stay_sixteen_bits(worker, tmp_path):
    write_deep(tmp_path / "deep.tiff", "rgb48le")
    out, done = worker(tmp_path / "deep.tiff", "--image")
    assert done.returncode == 0, done.stderr
    stored = (out / "image.png").read_bytes()
    assert stored[24] == 16     # of IHDR: bits a channel


def test_a_very_wide_picture_needs_less_than_a_gigabyte(worker, tmp_path):
    """30,000 pixels wide, as a TIFF that must be turned, converted and stored anew."""
    run("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=c=red:size=7500x4000", "-frames:v", "1", "-pix_fmt", "rgb24", tmp_path / "small.png")
    Image.MAX_IMAGE_PIXELS = None
    Image.new("RGB", (30000, 16000), RED).save(tmp_path / "wide.tif", compression="packbits", tiffinfo={274: 6})
    out, done = worker(tmp_path / "wide.tif", "--image")
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "media.json").read_text())["width"] == 16000
    with Image.open(out / "image.png") as image:
        assert image.size == (16000, 30000)
    with Image.open(out / "thumb.jpg") as small:
        assert near([small.convert("RGB").getpixel((50, 50))], [RED], 8)
    if "sanitize" not in os.environ.get("BUILD", ""):
        assert done.peak < 1_000_000, f"{done.peak} kB"


@pytest.mark.parametrize("name", ["cut.jpg", "cut.png", "cut.tif", "cut.webp", "cut.gif", "cut.bmp", "cut.avif", "cut.heic", "cut.dng", "noise.jpg", "text.jpg",
                                  "empty.png"])
def test_damaged_images_fail_with_a_reason(worker, tmp_path, name):
    """Half of a file is no image, whatever its format; nothing is stored as image."""
    cases, _ = makers(tmp_path)
    kind, suffix = name.split(".")
    source = {"jpg": "a.jpg", "png": "b.png", "tif": "c.tif", "webp": "h.webp", "gif": "g.gif", "bmp": "f.bmp", "avif": "i.avif", "heic": "j.heic",
              "dng": "k.dng"}[suffix]
    cases[source][0](tmp_path / source)
    whole = (tmp_path / source).read_bytes()
    data = {"cut": whole[:len(whole) // 2], "noise": os.urandom(5000), "text": b"this is no image", "empty": b"\x89PNG\r\n\x1a\n"}[kind]
    (tmp_path / name).write_bytes(data)
    out, done = worker(tmp_path / name, "--image")
    assert done.returncode == 10 and "image" in done.stderr, (done.returncode, done.stderr)
    assert not (out / "media.json").exists() or "image" not in json.loads((out / "media.json").read_text())["media_files"]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_bombs_are_refused_before_they_are_unpacked(worker, tmp_path):
    """Headers that promise 65,535 × 65,535 pixels, with little behind them."""
    side = 65535
    packed = zlib.compressobj(9)
    rows = packed.compress(bytes(4 << 20)) + packed.flush()
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
                                        chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    quarters().save(tmp_path / "a.jpg")
    data = bytearray((tmp_path / "a.jpg").read_bytes())
    at = data.index(b"\xff\xc0")
    data[at + 5:at + 9] = struct.pack(">HH", side, side)
    (tmp_path / "bomb.jpg").write_bytes(data)
    quarters().save(tmp_path / "a.bmp")
    data = bytearray((tmp_path / "a.bmp").read_bytes())
    data[18:26] = struct.pack("<ii", side, side)
    (tmp_path / "bomb.bmp").write_bytes(data)
    data = bytearray(b"GIF89a") + struct.pack("<HH", side, side) + b"\0\0\0," + struct.pack("<HHHH", 0, 0, side, side) + b"\0\x02\x02D\x01\0;"
    (tmp_path / "bomb.gif").write_bytes(data)
    for name in ("bomb.png", "bomb.jpg", "bomb.bmp", "bomb.gif"):
        begun = time.monotonic()
        out, done = worker(tmp_path / name, "--image")
        assert done.returncode == 10, (name, done.returncode, done.stderr)
        assert list(out.iterdir()) == []
        assert time.monotonic() - begun < 20
        if "sanitize" not in os.environ.get("BUILD", ""):
            assert done.peak < 400_000, (name, done.peak)


def refused():
    """name → a file whose pixels are all there, but that strict readers complain of."""
    files = {}
    for suffix, options in (("jpg", {"quality": 95}), ("png", {})):
        data = io.BytesIO()
        quarters().save(data, "JPEG" if suffix == "jpg" else "PNG", **options)
        files[suffix] = data.getvalue()
    jpeg, png = files["jpg"], files["png"]
    tables, scan, pixels = jpeg.index(b"\xff\xdb"), jpeg.index(b"\xff\xda"), png.index(b"IDAT") - 4
    spoiled = bytearray(chunk(b"tEXt", b"Comment\0no"))
    spoiled[-1] ^= 1
    return {
        "marker.jpg": jpeg[:-2] + b"\xff\x8b" + jpeg[-2:],
        "second-scan.jpg": jpeg[:-2] + jpeg[scan:],
        "between.jpg": jpeg[:tables] + b"12345" + jpeg[tables:],
        "text-checksum.png": png[:pixels] + spoiled + png[pixels:],
        "no-end.png": png[:-12],
    }


def test_files_that_strict_readers_refuse_are_stored_anew(worker, tmp_path):
    """What is called a success can be read by all: people see the picture, in a file without fault."""
    for name, data in refused().items():
        (tmp_path / name).write_bytes(data)
        out, done = worker(tmp_path / name, "--image")
        assert done.returncode == 0, (name, done.stderr)
        stored = json.loads((out / "media.json").read_text())["media_files"]["image"][0]
        assert stored["mime"] == "image/png", name
        image = Image.open(out / stored["path"])
        image.load()
        assert image.size == SIZE and near(seen(image), (RED, GREEN, BLUE, YELLOW), 6), (name, seen(image))


def test_bytes_behind_the_end_are_nothing_to_refuse(worker, tmp_path):
    """Phones hang films and depths behind their pictures."""
    for name, form in (("a.jpg", "JPEG"), ("b.png", "PNG"), ("c.jpg", "JPEG")):
        data = io.BytesIO()
        quarters().save(data, form, **({"progressive": True} if name == "c.jpg" else {}))
        (tmp_path / name).write_bytes(data.getvalue() + os.urandom(3000))
        out, done = worker(tmp_path / name, "--image")
        assert done.returncode == 0, (name, done.stderr)
        stored = json.loads((out / "media.json").read_text())["media_files"]["image"][0]
        assert (out / stored["path"]).read_bytes() == (tmp_path / name).read_bytes(), name


def test_a_reference_keeps_its_address(http, project, images, put, tmp_path):
    quarters().save(tmp_path / "afar.jpg")
    url = put(tmp_path / "afar.jpg")
    number = http.ok("POST", f"/rest/Medias/{project.id}", {"type": images, "name": "afar.jpg", "md5": uuid.uuid4().hex, "url": url, "section": "S",
                                                            "reference_only": 1})["id"]
    imported(http, number)
    files = http.ok("GET", f"/rest/Media/{number}")["media_files"]
    assert files["image"] == [{"path": url, "size": (tmp_path / "afar.jpg").stat().st_size, "resolution": list(SIZE[::-1]), "mime": "image/jpeg"}]
    assert files["thumbnail"][0]["path"].endswith("/thumb.jpg")


def test_a_given_thumbnail_is_kept_as_it_is(http, project, images, put, tmp_path):
    quarters().save(tmp_path / "main.png")
    quarters((100, 60)).save(tmp_path / "own.gif")
    url = put(tmp_path / "own.gif")
    number = http.ok("POST", f"/rest/Medias/{project.id}", {"type": images, "name": "main.png", "md5": uuid.uuid4().hex, "url": put(tmp_path / "main.png"),
                                                            "thumbnail_url": url, "section": "S"})["id"]
    media = imported(http, number)
    small = media["media_files"]["thumbnail"][0]
    assert (small["resolution"], small["mime"]) == ([60, 100], "image/PNG")
    assert requests.get(small["path"], timeout=60).content == (tmp_path / "own.gif").read_bytes()


def test_a_damaged_thumbnail_is_replaced_by_one_of_the_image(http, project, images, put, tmp_path):
    quarters().save(tmp_path / "main.png")
    for name, data in list(refused().items())[:1] + [("half.png", (tmp_path / "main.png").read_bytes()[:-100])]:
        (tmp_path / name).write_bytes(data)
        number = http.ok("POST", f"/rest/Medias/{project.id}", {"type": images, "name": "main.png", "md5": uuid.uuid4().hex, "url": put(tmp_path / "main.png"),
                                                                "thumbnail_url": put(tmp_path / name), "section": "S"})["id"]
        small = fetched(imported(http, number)["media_files"]["thumbnail"][0])
        small.load()
        assert (small.format, small.size) == ("JPEG", (256, 160)) and near(seen(small), (RED, GREEN, BLUE, YELLOW), 12), name
