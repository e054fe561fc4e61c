"""Makes the tables of this folder: pip install duckdb pandas pillow polars pyarrow; python make.py

Picture i has the value (37 i + 11 y + 5 x + 83 c) mod 256 at row y, column x, channel c.
"""
import io
import json
import os

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

SHAPE = (6, 5, 3)


def pixels(i, shape=SHAPE):
    y, x, c = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    return ((37 * i + 11 * y + 5 * x + 83 * c) % 256).astype(np.uint8)


def png(i):
    file = io.BytesIO()
    Image.fromarray(pixels(i)).save(file, "PNG")
    return file.getvalue()


def hugging_face(path, numbers, labels):
    """As datasets' Dataset.to_parquet writes."""
    features = {
        "image": {"_type": "Image"},
        "label": {"names": ["cat", "dog", "emu"], "_type": "ClassLabel"},
    }
    schema = pa.schema(
        [
            ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            ("label", pa.int64()),
        ],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    images = [{"bytes": png(i), "path": f"{i}.png" if i % 2 else None} for i in numbers]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    pq.write_table(pa.table({"image": images, "label": labels}, schema=schema), path)


hugging_face("hugging-face/data/train-00000-of-00002.parquet", range(0, 4), [0, 1, 2, -1])
hugging_face("hugging-face/data/train-00001-of-00002.parquet", range(4, 6), [1, 0])
hugging_face("hugging-face/data/test-00000-of-00001.parquet", range(6, 8), [0, 1])
with open("hugging-face/README.md", "w") as readme:
    readme.write("A data set's card is no table.\n")

# An integer column with a gap becomes one of fractions; the index becomes a column.
frame = pd.DataFrame(
    {
        "id": [10, 2, 30, 4],
        "picture": [png(i) for i in range(4)],
        "label": [1, None, 0, 2],
        "species": ["owl", "jay", "owl", "auk"],
    },
    index=["a", "b", "c", "d"],
)
frame.to_parquet("pandas.parquet")

pl.DataFrame(
    {
        "photo": [{"raw": png(i), "year": 2019 + i} for i in range(4)],
        "flat": [pixels(i).ravel().tolist() for i in range(4)],
        "nested": [pixels(i).tolist() for i in range(4)],
        "code": pl.Series([3, 1, 4, 1], dtype=pl.UInt8),
    }
).write_parquet("polars.parquet")

tensors = [pixels(i).tobytes() for i in range(4)]
duckdb.execute("CREATE TABLE t (nr UBIGINT, tensor BLOB, kind ENUM ('dog', 'cat'))")
for i, tensor in enumerate(tensors):
    duckdb.execute("INSERT INTO t VALUES (?, ?, ?)", [i, tensor, ["cat", "dog"][i % 2]])
duckdb.execute("COPY t TO 'duckdb.parquet' (FORMAT parquet)")
