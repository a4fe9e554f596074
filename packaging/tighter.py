"""Packs a wheel anew, with the same files and a slower compressor: `python tighter.py WHEEL`. Needs zopfli; a minute for 15 MB."""
import pathlib, sys, zipfile

import zopfli.zlib


class Compressor:
    """What `zipfile` asks of one: everything comes at the end, without the header and the checksum of zlib."""

    def __init__(self):
        self.parts = []

    def compress(self, data):
        self.parts.append(bytes(data))
        return b""

    def flush(self):
        return zopfli.zlib.compress(b"".join(self.parts), numiterations=1)[2:-4]


# The only way to another compressor that the standard library leaves open.
zipfile._get_compressor = lambda *_: Compressor()

wheel = pathlib.Path(sys.argv[1])
packed = wheel.with_suffix(".tighter")
with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
    for info in old.infolist():
        new.writestr(info, old.read(info))
with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(packed) as new:
    if new.testzip() or [(i.filename, i.CRC) for i in old.infolist()] != [(i.filename, i.CRC) for i in new.infolist()]:
        sys.exit(f"{packed}: not what {wheel} holds")
before, after = wheel.stat().st_size, packed.stat().st_size
if after < before:
    packed.replace(wheel)
    print(f"{wheel}: {before:,} -> {after:,} bytes")
else:
    packed.unlink()
