package dev.ddpm.network.block;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Tensor;
import java.util.List;

/** One block outside of a network, with flat vectors of its own. */
final class BlockHarness {
  final BlockSpec spec;
  final Engine engine;
  final Tensor values;
  final Tensor gradients;
  final Block block;

  BlockHarness(BlockSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
    long length = Math.max(1, spec.parameters().stream().mapToLong(Parameter::length).sum());
    values = engine.allocate(length);
    gradients = engine.allocate(length);
    block = spec.create(engine, new BlockParameters(spec.parameters(), values, gradients));
  }

  /** Sets a tensor from values in PyTorch's order. */
  void set(String name, float[] dictionary) {
    float[] stored = new float[dictionary.length];
    parameter(name).store(dictionary, stored, 0);
    part(values, name).upload(stored, 0);
  }

  /** A gradient in PyTorch's order. */
  float[] gradient(String name) {
    Parameter parameter = parameter(name);
    float[] stored = new float[(int) parameter.length()];
    float[] dictionary = new float[stored.length];
    part(gradients, name).download(stored, 0);
    parameter.load(stored, 0, dictionary);
    return dictionary;
  }

  private Parameter parameter(String name) {
    return spec.parameters().stream()
        .filter(parameter -> parameter.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private Tensor part(Tensor flat, String name) {
    long offset = 0;
    for (Parameter parameter : spec.parameters()) {
      if (parameter.name().equals(name)) {
        return flat.slice(offset, parameter.length());
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
