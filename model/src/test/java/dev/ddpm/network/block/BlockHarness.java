package dev.ddpm.network.block;

import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** One block outside of a network, with flat vectors of its own. */
final class BlockHarness {
  final BlockSpec spec;
  final Nd4jEngine engine;
  final DataType type;
  final INDArray values;
  final INDArray gradients;
  final Block block;

  BlockHarness(BlockSpec spec, Nd4jEngine engine) {
    this.spec = spec;
    this.engine = engine;
    long length = Math.max(1, spec.parameters().stream().mapToLong(Parameter::length).sum());
    Tensor flat = engine.allocate(length);
    Tensor flatGradients = engine.allocate(length);
    values = Nd4jEngine.array(flat);
    gradients = Nd4jEngine.array(flatGradients);
    type = values.dataType();
    block = spec.create(engine, new BlockParameters(spec.parameters(), flat, flatGradients));
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
    Tensor tensor = engine.allocate(shape);
    tensor.upload(content, 0);
    return tensor;
  }

  Tensor keys(long... keys) {
    Tensor tensor = engine.keys(keys.length);
    tensor.upload(keys);
    return tensor;
  }
}
