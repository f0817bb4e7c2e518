"""netCDF files of results, written and read by h5netcdf. Reading refuses links and more numbers than expected.

A netCDF-4 file is an HDF5 file, and a crafted file can do harm: its data may link to other files on the reader's disk,
and a file of a few kB may declare arrays of terabytes. Files of this package contain neither, so both are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Variables = Mapping[str, tuple[tuple[str, ...], NDArray[Any], dict[str, str]]]  # dimensions, values, attributes


def write(path: Path, sizes: Mapping[str, int], variables: Variables, attributes: Mapping[str, str]) -> None:
    """Write a file.

    Parameters
    ----------
    path : Path
        Its name.
    sizes : mapping
        Length of every dimension.
    variables : mapping
        Dimensions, values (numbers, with NaN for what is missing, or words) and attributes by name.
    attributes : mapping
        Of the file.
    """
    import h5netcdf
    import h5py

    with h5netcdf.File(path, "w") as file:
        file.attrs.update(attributes)
        file.dimensions = dict(sizes)
        for name, (dims, values, more) in variables.items():
            words = values.dtype.kind in "OU"
            kind, missing = (h5py.string_dtype(), None) if words else (values.dtype, np.nan)
            variable = file.create_variable(name, dims, kind, values.astype(object) if words else values, missing)
            variable.attrs.update(more)


@contextmanager
def opened(path: Path, most: int) -> Iterator[Any]:
    """Open a file of results for reading.

    Parameters
    ----------
    path : Path
        Its name.
    most : int
        How many numbers and words it may hold.

    Yields
    ------
    h5netcdf.File

    Raises
    ------
    OSError
        If it cannot be read as HDF5.
    ValueError
        If it holds more than that, or refers to something outside of itself.
    """
    import h5netcdf
    import h5py

    with h5py.File(path) as plain:
        held = 0
        for name in plain:
            if not isinstance(plain.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"{name} is a link")
            dataset = plain[name]
            if not isinstance(dataset, h5py.Dataset):
                raise ValueError(f"{name} is no array")
            if dataset.is_virtual or dataset.external:
                raise ValueError(f"{name} refers to other files")
            if dataset.dtype.kind not in "fiu" and not h5py.check_string_dtype(dataset.dtype):
                raise ValueError(f"{name} holds neither numbers nor words")
            held += dataset.size or 0
        if held > most:
            raise ValueError(f"{held:.3g} numbers, more than a result has")
        with h5netcdf.File(plain, decode_vlen_strings=True) as file:
            yield file
