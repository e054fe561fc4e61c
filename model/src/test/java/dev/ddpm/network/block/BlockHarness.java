package dev.ddpm.network.block;

import dev.ddpm.backend.KernelChoice;
import dev.ddpm.backend.NativeBackend;
import dev.ddpm.backend.Tensor;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** One block outside of a network, with flat vectors of its own. */
final class BlockHarness {
  static {
    NativeBackend.select();
  }

  final BlockSpec spec;
  final DataType type;
  final INDArray values;
  final INDArray gradients;
  final Block block;

  BlockHarness(BlockSpec spec, DataType type, KernelChoice kernels) {
    this.spec = spec;
    this.type = type;
    long length = Math.max(1, spec.parameters().stream().mapToLong(Parameter::length).sum());
    values = Nd4j.create(type, length);
    gradients = Nd4j.create(type, length);
    BlockParameters parameters = new BlockParameters(spec.parameters(), values);
    parameters.bindGradients(gradients);
    block = spec.create(new BlockContext(type, kernels), parameters);
  }

  /** Sets a tensor from values in PyTorch's order. */
  void set(String name, float[] dictionary) {
    float[] stored = new float[dictionary.length];
    parameter(name).store(dictionary, stored, 0);
    part(values, name).assign(Nd4j.createFromArray(stored));
  }

  /** A gradient in PyTorch's order. */
  float[] gradient(String name) {
    Parameter parameter = parameter(name);
    float[] dictionary = new float[(int) parameter.length()];
    parameter.load(part(gradients, name).toFloatVector(), 0, dictionary);
    return dictionary;
  }

  private Parameter parameter(String name) {
    return spec.parameters().stream()
        .filter(parameter -> parameter.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private INDArray part(INDArray flat, String name) {
    long offset = 0;
    for (Parameter parameter : spec.parameters()) {
      if (parameter.name().equals(name)) {
        return flat.get(NDArrayIndex.interval(offset, offset + parameter.length()));
      }
      offset += parameter.length();
    }
    throw new IllegalArgumentException(name);
  }

  List<Parameter> parameters() {
    return spec.parameters();
  }

  Tensor tensor(float[] content, long... shape) {
    return Tensor.of(Nd4j.createFromArray(content).castTo(type).reshape('c', shape));
  }

  static Tensor keys(long... keys) {
    INDArray array = Nd4j.create(DataType.INT64, keys.length);
    for (int i = 0; i < keys.length; i++) {
      array.data().put(i, keys[i]);
    }
    return Tensor.of(array);
  }
}
