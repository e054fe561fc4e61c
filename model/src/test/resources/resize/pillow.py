"""Writes pillow.safetensors: images scaled by Pillow (any since 9) as clean-fid does, channel by channel in mode F."""
import json
import struct

import numpy
from PIL import Image


def picture(height, width, channels):
    y, x, c = numpy.ogrid[:height, :width, :channels]
    return (y * y * 7 + x * y * 13 + x * x * 5 + c * 89) % 256


def resize(pixels, height, width):
    planes = [Image.fromarray(pixels[:, :, c].astype(numpy.float32)) for c in range(pixels.shape[2])]
    scaled = [numpy.asarray(p.resize((width, height), resample=Image.BICUBIC)).clip(0, 255) for p in planes]
    return numpy.stack(scaled, axis=2).astype("<f4")


header, data = {}, b""
for (h, w, c), (height, width) in [
    ((28, 28, 1), (75, 75)),
    ((13, 9, 3), (32, 20)),
    ((64, 48, 3), (17, 11)),
    ((32, 20, 3), (16, 40)),
    ((9, 31, 1), (9, 7)),
    ((1, 2, 3), (5, 3)),
]:
    tensor = resize(picture(h, w, c), height, width)
    header[f"{h}x{w}"] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + tensor.nbytes]}
    data += tensor.tobytes()
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("pillow.safetensors", "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text + data)
