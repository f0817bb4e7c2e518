"""Files of films: formats, and writing of the pictures."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from membrane_pde.input.errors import CaseError
from membrane_pde.input.wording import cut
from membrane_pde.results.folders import check_writable, made_if_missing, scratch

MARK = "membrane-pde animate"  # written into each film: a file without this text is not replaced
LONGEST, FASTEST = 120.0, 50  # s; pictures a second: GIF counts in hundredths of a second, and players skip 1 of them
SMALLEST, LARGEST = (320, 240), (3840, 2160)  # pixels
MOST_PIXELS = 1_000_000_000  # largest number of pixels of all pictures: as many bytes of memory, and minutes to draw
COLOURS, FEW = 255, 64
_SEARCHED = 1_000_000  # number of bytes that are searched at each end of a file


def check(path: str | Path, seconds: float, size: tuple[int, int], rate: int) -> None:
    """Make sure, before anything is computed, that a film can be written.

    Parameters
    ----------
    path : path
    seconds : float
        Length of the film.
    size : (int, int)
        Width and height in pixels.
    rate : int
        Pictures a second.

    Raises
    ------
    CaseError
        For a suffix, length, size or rate that cannot be, a file that is not a film of ours, or a folder that cannot be
        written.
    """
    check_suffix(path)
    if not (math.isfinite(seconds) and 0.0 < seconds <= LONGEST):
        raise CaseError(f"--seconds {seconds:g}: expected more than 0 and at most {LONGEST:g}")
    if not 1 <= rate <= FASTEST:
        raise CaseError(f"--fps {rate}: expected 1 to {FASTEST} pictures a second")
    if round(seconds * rate) < 2:
        raise CaseError(f"--seconds {seconds:g} at --fps {rate}: that is less than two pictures; give a longer film")
    width, height = size
    if not (SMALLEST[0] <= width <= LARGEST[0] and SMALLEST[1] <= height <= LARGEST[1]):
        raise CaseError(f"--size {width}x{height}: expected {_size(SMALLEST)} to {_size(LARGEST)} pixels")
    pixels = round(seconds * rate) * width * height
    if pixels > MOST_PIXELS:
        raise CaseError(
            f"--size {width}x{height}: {round(seconds * rate)} pictures of that size are {pixels:.3g} pixels, at most "
            f"{MOST_PIXELS:.3g}; give a smaller --size, fewer --seconds or fewer pictures a second (--fps)"
        )
    target = Path(path)
    try:
        if target.is_dir():
            raise CaseError(f"--out {target}: this is a folder; give the name of a file, such as {target / 'film.gif'}")
        if (target.exists() or target.is_symlink()) and not _is_ours(target):
            raise CaseError(
                f"--out {target}: this file is not a film of `membrane-pde animate` and is left alone; give another "
                "name"
            )
        check_writable(target.resolve().parent)
    except OSError as error:
        raise CaseError(f"--out {target}: cannot be written ({error.strerror or error})") from error


def check_suffix(path: str | Path) -> None:
    """Refuse a name that does not say which kind of film it is, and a kind that cannot be written here.

    Raises
    ------
    CaseError
        Which kinds there are.
    """
    suffix = Path(path).suffix.lower()
    kinds = ".gif, .webp" + (", .mp4" if shutil.which("ffmpeg") else "")
    if suffix == ".mp4" and not shutil.which("ffmpeg"):
        raise CaseError(f"--out {path}: .mp4 needs the program ffmpeg, which is not installed here; use {kinds}")
    if suffix not in (".gif", ".webp", ".mp4"):
        raise CaseError(f"--out {path}: a film ends in {kinds}, such as {Path(path).stem or 'film'}.gif")


@dataclass(frozen=True)
class Pictures:
    """The pictures of a film.

    Attributes
    ----------
    pictures : iterable of ndarray
        Bytes, (height, width, 3).
    count : int
        How many there are.
    sample : sequence of ndarray
        Some of them, from which the colours of a GIF are chosen.
    size : (int, int)
        Width and height in pixels.
    rate : int
        Pictures a second.
    """

    pictures: Iterable[np.ndarray]
    count: int
    sample: Sequence[np.ndarray]
    size: tuple[int, int]
    rate: int


def parsed_size(text: str) -> tuple[int, int]:
    """Width and height in pixels of a text such as "1280x720".

    Raises
    ------
    CaseError
        If it is not two whole numbers.
    """
    found = re.fullmatch(r"\s*(\d{1,6})\s*[x×X*]\s*(\d{1,6})\s*", text)
    if found is None:
        raise CaseError(f"--size {cut(text)}: expected width and height in pixels, such as 1280x720")
    return int(found[1]), int(found[2])


def write(path: str | Path, film: Pictures) -> Path:
    """Write a film to a temporary name, and rename it when it is complete.

    Parameters
    ----------
    path : path
        See `check`.
    film : Pictures

    Raises
    ------
    CaseError
        If it cannot be written; nothing half-written is left.
    """
    target = Path(path)
    final = target.resolve()
    writer = {".gif": _gif, ".webp": _webp, ".mp4": _mp4}[target.suffix.lower()]
    try:
        with made_if_missing(final.parent) as folder, scratch(folder) as made:
            new = made / f"film{target.suffix.lower()}"
            writer(new, film)
            new.replace(final)
    except OSError as error:
        raise CaseError(f"--out {target}: cannot be written ({error.strerror or error}); nothing was left") from error
    return target


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _is_ours(path: Path) -> bool:
    """True if a file is a film of this package, or empty, so that it may be replaced."""
    with path.open("rb") as file:
        start = file.read(_SEARCHED)
        file.seek(max(0, path.stat().st_size - _SEARCHED))
        return not start or MARK.encode() in start + file.read()


def _durations(rate: int, count: int, unit: int) -> list[int]:
    """Milliseconds of each picture, in multiples of a unit, so that they add up to what the rate says."""
    ends = [unit * round(1000.0 * i / (rate * unit)) for i in range(count + 1)]
    return [after - before for before, after in pairwise(ends)]


def _gif(new: Path, film: Pictures) -> None:
    """Write all pictures with the same palette, without dithering, so that only changed regions have to be stored."""
    from PIL import Image

    palette = _palette(film.sample)
    colours = palette.getpalette()
    white = int(np.array(colours).reshape(-1, 3).sum(axis=1).argmax())

    def few(picture: np.ndarray) -> Any:
        pixels = np.array(Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE))
        pixels[(picture == 255).all(axis=2)] = white  # which takes the nearest colour only roughly
        reduced = Image.fromarray(pixels)
        reduced.putpalette(colours)
        return reduced

    first, *others = map(few, film.pictures)
    times = _durations(film.rate, film.count, 10)
    first.save(new, save_all=True, append_images=others, duration=times, loop=0, comment=MARK.encode(), optimize=False)


def _palette(sample: Sequence[np.ndarray]) -> Any:
    """The colours of some pictures, white among them."""
    from PIL import Image

    together = Image.fromarray(np.concatenate([picture[::2, ::2] for picture in sample]))
    found = [np.array([[255, 255, 255]])]
    # of thin lines and words by how much they differ, of shaded liquids by how much there is of them
    for count, how in ((FEW, Image.Quantize.MAXCOVERAGE), (COLOURS - FEW, Image.Quantize.MEDIANCUT)):
        found.append(np.array(together.quantize(count, how, 1).getpalette()).reshape(-1, 3))
    colours = np.unique(np.concatenate(found), axis=0).astype(np.uint8)
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours.ravel().tolist())
    return palette


def _webp(new: Path, film: Pictures) -> None:
    """Write every picture in full colour; Pillow finds the changed regions."""
    from PIL import Image

    first, *others = map(Image.fromarray, film.pictures)
    times = _durations(film.rate, film.count, 1)
    first.save(new, save_all=True, append_images=others, duration=times, loop=0, quality=85, xmp=MARK.encode())


def _mp4(new: Path, film: Pictures) -> None:
    """Through ffmpeg, which gets the bytes of the pictures; an odd width or height gets one more row of white."""
    form = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", _size(film.size), "-r", str(film.rate), "-i", "-"]
    even = "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white"
    into = ["-an", "-vf", even, "-c:v", "h264", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    words = ["-metadata", f"comment={MARK}"]
    command = ["ffmpeg", "-loglevel", "error", *form, *into, *words, str(new)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as made:
        assert made.stdin is not None
        assert made.stderr is not None
        try:
            for picture in film.pictures:
                made.stdin.write(picture.tobytes())
            made.stdin.close()
        except BrokenPipeError:
            pass  # it has given up, and says why
        except BaseException:
            made.kill()
            raise
        error_lines = made.stderr.read().decode(errors="replace").strip().splitlines()
    if made.returncode:
        raise OSError(f"ffmpeg failed: {error_lines[-1] if error_lines else f'status {made.returncode}'}")
