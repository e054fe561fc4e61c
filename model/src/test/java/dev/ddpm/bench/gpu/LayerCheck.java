package dev.ddpm.bench.gpu;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Tensor;
import dev.ddpm.golden.GoldenFile;
import dev.ddpm.network.block.AttentionBlock;
import dev.ddpm.network.block.Block;
import dev.ddpm.network.block.BlockParameters;
import dev.ddpm.network.block.BlockSpec;
import dev.ddpm.network.block.ConvolutionBlock;
import dev.ddpm.network.block.Parameter;
import dev.ddpm.network.block.ResidualBlock;
import dev.ddpm.network.block.SwishBlock;
import dev.ddpm.network.block.UpsampleBlock;
import java.util.LinkedHashMap;
import java.util.Map;

/** Single layers against the golden vectors: outputs and all gradients. */
final class LayerCheck {
  private static final GoldenFile GOLDEN = GoldenFile.open("layers");
  private static final int TIME_CHANNELS = 24;
  private static final double EPSILON = 1e-5;
  private static final Map<String, BlockSpec> BLOCKS = blocks();

  private final Engine engine;
  private final String name;
  private final BlockSpec spec;
  private final Tensor gradients;
  private final Block block;
  private double worst;

  private static Map<String, BlockSpec> blocks() {
    Map<String, BlockSpec> blocks = new LinkedHashMap<>();
    blocks.put("conv3x3", new ConvolutionBlock.Spec(3, 5, 1));
    blocks.put("conv_s2_even", new ConvolutionBlock.Spec(4, 4, 2));
    blocks.put("conv_s2_odd", new ConvolutionBlock.Spec(3, 5, 2));
    blocks.put("convt_same", new UpsampleBlock.Spec(4, 4));
    blocks.put("convt_3to5", new UpsampleBlock.Spec(3, 5));
    blocks.put("attn_c16", new AttentionBlock.Spec(16, 1));
    blocks.put("attn_c16_2heads", new AttentionBlock.Spec(16, 2));
    blocks.put("res_same", residual(16));
    blocks.put("res_project", residual(24));
    return blocks;
  }

  private static BlockSpec residual(int in) {
    return new ResidualBlock.Spec(in, 0, 16, TIME_CHANNELS, 8, EPSILON, 0, 0);
  }

  private LayerCheck(Engine engine, String name, BlockSpec spec) {
    this.engine = engine;
    this.name = name;
    this.spec = spec;
    int length = (int) spec.parameters().stream().mapToLong(Parameter::length).sum();
    float[] stored = new float[length];
    int offset = 0;
    for (Parameter parameter : spec.parameters()) {
      parameter.store(GOLDEN.values(name + "." + parameter.name()), stored, offset);
      offset += (int) parameter.length();
    }
    this.gradients = engine.allocate(length);
    this.block =
        spec.create(
            engine, new BlockParameters(spec.parameters(), tensor(stored, length), gradients));
  }

  /** Errors are shares of the largest value of a tensor; the worst one counts. */
  static void run(CardUnderTest card, Attempts attempts) {
    for (Precision precision : Limits.PRECISIONS) {
      BLOCKS.forEach(
          (name, spec) ->
              attempts.relative(
                  name,
                  precision,
                  () -> new LayerCheck(card.engine().apply(precision), name, spec).error()));
    }
  }

  private double error() {
    if (spec instanceof ResidualBlock.Spec) {
      // the block takes swish of the embedding
      Block swish = new SwishBlock.Spec().create(engine, null);
      Tensor embedding = tensor(GOLDEN.values(name + ".t_emb"), 2, TIME_CHANNELS);
      Tensor time = swish.forward(new Tensor[] {embedding}, true);
      Tensor[] gradientsOfInputs = bothPasses(image("x"), time, engine.keys(2));
      Tensor ofEmbedding = swish.backward(gradientsOfInputs[1])[0];
      compare(ofEmbedding, GOLDEN.values(name + ".d_t_emb"));
    } else {
      bothPasses(image("x"));
    }
    return worst;
  }

  private Tensor[] bothPasses(Tensor... inputs) {
    compare(block.forward(inputs, false), GOLDEN.image(name + ".y"));
    compare(block.forward(inputs, true), GOLDEN.image(name + ".y"));
    Tensor[] ofInputs = block.backward(image("dy"));
    compare(ofInputs[0], GOLDEN.image(name + ".d_x"));
    float[] flat = Values.of(gradients);
    int offset = 0;
    for (Parameter parameter : spec.parameters()) {
      float[] actual = new float[(int) parameter.length()];
      parameter.load(flat, offset, actual);
      String golden = name + ".d_" + parameter.name();
      if (GOLDEN.has(golden)) {
        worst = Math.max(worst, Limits.relative(actual, GOLDEN.values(golden)));
      }
      offset += actual.length;
    }
    return ofInputs;
  }

  private void compare(Tensor actual, float[] expected) {
    worst = Math.max(worst, Limits.relative(Values.of(actual), expected));
  }

  private Tensor image(String what) {
    return tensor(GOLDEN.image(name + "." + what), GOLDEN.imageShape(name + "." + what));
  }

  private Tensor tensor(float[] values, long... shape) {
    Tensor tensor = engine.allocate(shape);
    tensor.upload(values, 0);
    return tensor;
  }
}
