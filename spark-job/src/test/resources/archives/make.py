"""Makes the archives of this folder, with GNU tar, bsdtar (libarchive) and Info-ZIP's zip: python make.py

Picture i is grey, of 3 rows and 2 columns, and has the value i everywhere.
"""
import io
import json
import os
import shutil
import struct
import subprocess
import tarfile
import zipfile
import zlib


def png(i):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2, 3, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([i, i])) * 3
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tar(path, files, mode="w", format=tarfile.USTAR_FORMAT, **more):
    with tarfile.open(path, mode, format=format, **more) as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def shard(first, classes):
    """Samples as WebDataset's TarWriter writes them."""
    files = []
    for i, told in enumerate(classes, first):
        files.append((f"{i:04}.cls", told.encode()))
        files.append((f"{i:04}.png", png(i)))
        files.append((f"{i:04}.txt", b"a caption"))
    return files


def tree(root, files):
    shutil.rmtree(root, ignore_errors=True)
    for name, content in files:
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def run(*command):
    subprocess.run(command, check=True)


os.makedirs("shards", exist_ok=True)
tar("shards/train-000000.tar", shard(0, ["3", "0", "12"]))
tar("shards/train-000001.tar.gz", shard(3, ["1", "3\n"]), "w:gz")
tar("shards/train-000002.tar", shard(5, ["0"]), format=tarfile.PAX_FORMAT)

# Classes by name, in JSON, before and after their pictures, and far from them.
tar(
    "json.tar",
    [
        ("a/1.json", json.dumps({"label": "owl", "size": [3, 2]}).encode()),
        ("a/1.png", png(1)),
        ("a/2.left.png", png(2)),
        ("a/2.right.png", png(3)),
        ("a/3.png", png(4)),
        ("a/4.json", b'{"title": "no label"}'),
        ("a/5.json", b"{damaged"),
        ("a/6.cls", b"heron"),
        ("a/7.cls", b""),
        ("a/2.json", json.dumps({"label": "jay"}).encode()),
        ("a/1.cls", b"auk"),
    ],
)

# What an archive can hold beside pictures, by GNU tar: with ./ before all names.
LONG = "a long name " * 12
files = [
    ("cat/1.png", png(1)),
    (f"cat/{LONG}2.png", png(2)),
    ("dog/Zoë 3.PNG", png(3)),
    ("dog/._Zoë 3.PNG", b"note"),
    ("__MACOSX/dog/3.png", b"note"),
    ("notes.txt", b"text"),
    ("more.zip", b"PK"),
    ("dog/.hidden/4.png", png(4)),
]
tree("tree", files)
os.symlink("1.png", "tree/cat/symbolic.png")
os.link("tree/cat/1.png", "tree/cat/z hard.png")
os.mkfifo("tree/pipe.png")
with open("tree/dog/sparse.png", "wb") as sparse:
    sparse.write(png(5))
    sparse.truncate(100_000)
names = ["--sort=name", "--owner=0", "--group=0", "--mtime=2026-01-01", "--sparse"]
run("tar", "-C", "tree", *names, "--format=gnu", "-cf", "gnu.tar", ".")
run("tar", "-C", "tree", *names, "--format=pax", "-czf", "pax.tgz", ".")
run("bsdtar", "-C", "tree", "--uid=0", "--gid=0", "--no-mac-metadata", "-czf", "bsd.tar.gz", "cat", "dog")
shutil.rmtree("tree")

# All in one folder, by Info-ZIP: stored and compressed, by its own streams, encrypted in part.
tree("flowers", [("rose/1.png", png(1)), ("rose/2.png", png(2)), ("iris/3.png", png(3)), ("a.txt", b"x" * 99)])
for old in ["info.zip", "streamed.zip", "encrypted.zip"]:
    if os.path.exists(old):
        os.remove(old)
run("zip", "-q", "-r", "-X", "info.zip", "flowers")
with open("streamed.zip", "wb") as out:
    subprocess.run(["zip", "-q", "-r", "-X", "-fd", "-", "flowers"], stdout=out, check=True)
run("zip", "-q", "-X", "encrypted.zip", "flowers/rose/1.png")
run("zip", "-q", "-X", "-P", "secret", "encrypted.zip", "flowers/rose/2.png")
shutil.rmtree("flowers")

with zipfile.ZipFile("python.zip", "w") as archive:
    archive.writestr("1.png", png(1), zipfile.ZIP_STORED)
    archive.writestr("2.png", png(2), zipfile.ZIP_DEFLATED)
    archive.writestr("3.png", png(3), zipfile.ZIP_BZIP2)
    archive.writestr("4.png", png(4), zipfile.ZIP_LZMA)

# Bytes that begin as a PNG file does, and a gigabyte of zeros: a few kilobytes here.
with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_BZIP2) as archive:
    archive.writestr("1.png", png(1))
    with archive.open("2.png", "w") as entry:
        entry.write(png(2)[:8])
        for _ in range(1024):
            entry.write(bytes(1 << 20))
