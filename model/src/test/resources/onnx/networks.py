"""Writes the small networks of OnnxSpecTest, with the package onnx (1.12, Debian's python3-onnx): python3 networks.py, in this folder"""
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, UINT8, INT64 = TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT64
WEIGHTS = ((numpy.arange(3 * 4 * 3 * 3) * 37 % 101 - 50) / 100).astype(numpy.float32)


def constant(name, values):
    return numpy_helper.from_array(values, name)


def save(name, nodes, inputs, outputs, initializers=(), metadata=None):
    graph = helper.make_graph(nodes, name, inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    if metadata:
        helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    with open(name + ".onnx", "wb") as out:
        out.write(model.SerializeToString())


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def features(image, channels, output="features"):
    """A convolution to 4 channels, a rectifier, and the mean of each: (1, 4, 1, 1)."""
    kernel = constant("kernel", WEIGHTS[: 4 * channels * 9].reshape(4, channels, 3, 3))
    nodes = [
        helper.make_node("Conv", [image, "kernel"], ["convolved"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["convolved"], ["rectified"]),
        helper.make_node("GlobalAveragePool", ["rectified"], [output]),
    ]
    return nodes, [kernel]


nodes, kernel = features("image", 3)
save("nchw", nodes, [value("image", FLOAT, [1, 3, 12, 10])], [value("features", FLOAT, [1, 4, 1, 1])], kernel,
     {"Image.NominalPixelRange": "Normalized_1_1"})
save("open", nodes, [value("image", FLOAT, ["batch", 3, "height", "width"])], [value("features", FLOAT, ["batch", 4, 1, 1])],
     kernel)
save("bgr", nodes, [value("image", FLOAT, [1, 3, 12, 10])], [value("features", FLOAT, [1, 4, 1, 1])], kernel,
     {"Image.BitmapPixelFormat": "Bgr8"})
save("eight", nodes, [value("image", FLOAT, [8, 3, 12, 10])], [value("features", FLOAT, [8, 4, 1, 1])], kernel)
save("alike", features("image", 3)[0], [value("image", FLOAT, [1, 3, 3, 3])], [value("features", FLOAT, [1, 4, 1, 1])], kernel)

transpose = helper.make_node("Transpose", ["image"], ["first"], perm=[0, 3, 1, 2])
nodes, kernel = features("first", 3)
save("nhwc", [transpose, *nodes], [value("image", FLOAT, ["n", 12, 10, 3])], [value("features", FLOAT, ["n", 4, 1, 1])], kernel,
     {"Image.NominalPixelRange": "Normalized_1_1"})

# Bytes, which the network scales to -1..1 itself.
scale = [
    helper.make_node("Cast", ["image"], ["floats"], to=FLOAT),
    helper.make_node("Div", ["floats", "half"], ["shared"]),
    helper.make_node("Sub", ["shared", "one"], ["scaled"]),
]
nodes, kernel = features("scaled", 3)
save("bytes", [*scale, *nodes], [value("image", UINT8, [1, 3, 12, 10])], [value("features", FLOAT, [1, 4, 1, 1])],
     [*kernel, constant("half", numpy.float32(127.5).reshape(1)), constant("one", numpy.float32(1).reshape(1))])

nodes, kernel = features("image", 1, "pooled")
save("outputs",
     [*nodes,
      helper.make_node("Flatten", ["pooled"], ["flat"]),
      helper.make_node("Shape", ["flat"], ["extents"]),
      helper.make_node("Sub", ["flat", "large"], ["minus"]),
      helper.make_node("Log", ["minus"], ["nothing"])],
     [value("image", FLOAT, [1, 1, 12, 10])],
     [value("flat", FLOAT, [1, 4]), value("extents", INT64, [2]), value("nothing", FLOAT, [1, 4])],
     [*kernel, constant("large", numpy.float32(1000).reshape(1))],
     {"Image.NominalPixelRange": "NominalRange_0_255"})

save("vector", [helper.make_node("Relu", ["x"], ["y"])], [value("x", FLOAT, [1, 10])], [value("y", FLOAT, [1, 10])])
save("two", [helper.make_node("Add", ["a", "b"], ["y"])],
     [value("a", FLOAT, [1, 3, 4, 4]), value("b", FLOAT, [1, 3, 4, 4])], [value("y", FLOAT, [1, 3, 4, 4])])
save("whole", [helper.make_node("Cast", ["x"], ["y"], to=FLOAT)], [value("x", INT64, [1, 3, 4, 4])],
     [value("y", FLOAT, [1, 3, 4, 4])])
