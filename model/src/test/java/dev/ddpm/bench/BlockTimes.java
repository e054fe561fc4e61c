package dev.ddpm.bench;

import dev.ddpm.backend.Backend;
import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.Tensor;
import dev.ddpm.image.ImageShape;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.NetworkPlan;
import dev.ddpm.network.block.AttentionBlock;
import dev.ddpm.network.block.Block;
import dev.ddpm.network.block.BlockParameters;
import dev.ddpm.network.block.BlockSpec;
import dev.ddpm.network.block.ConvolutionBlock;
import dev.ddpm.network.block.OutputBlock;
import dev.ddpm.network.block.ResidualBlock;
import dev.ddpm.network.block.UpsampleBlock;
import dev.ddpm.random.CounterRandom;
import dev.ddpm.random.Stream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Times every block of a U-Net where it stands: with the shapes, the memory and the neighbours that
 * it has in a step, but without the graph around it.
 */
public final class BlockTimes {
  private final int batch;
  private final Engine engine =
      Backends.best(Backend.class, Precision.FLOAT32).create(Precision.FLOAT32);
  private final List<Placed> blocks = new ArrayList<>();
  private final Map<String, Tensor> outputs = new HashMap<>();

  private static final class Placed {
    final String kind;
    final Block block;
    final List<String> inputs;
    final long flops;
    Tensor gradient;
    final List<Long> forward = new ArrayList<>();
    final List<Long> backward = new ArrayList<>();

    Placed(NetworkPlan.Node node, Block block, String kind, long flops) {
      this.kind = kind;
      this.block = block;
      this.inputs = node.inputs();
      this.flops = flops;
    }
  }

  /**
   * The blocks of one kind.
   *
   * @param kind what they compute, and on which map
   * @param count how many the network has
   * @param forwardMillis median of the forward pass, all of them together
   * @param backwardMillis the same of the backward pass
   * @param gigaflops rate of both
   */
  public record Row(
      String kind, int count, double forwardMillis, double backwardMillis, double gigaflops) {}

  /**
   * Places the blocks of a network.
   *
   * @param batch images per step
   */
  public BlockTimes(Architecture architecture, int batch) {
    this.batch = batch;
    ImageShape image = architecture.imageShape();
    outputs.put(NetworkPlan.IMAGE, noise(batch, image.height(), image.width(), image.channels()));
    outputs.put(NetworkPlan.TIMESTEP, noise(batch, 1));
    outputs.put(NetworkPlan.KEYS, engine.keys(batch));
    for (NetworkPlan.Node node : architecture.plan().nodes()) {
      place(node);
    }
  }

  private void place(NetworkPlan.Node node) {
    BlockSpec spec = node.block();
    long length = Math.max(1, spec.parameters().stream().mapToLong(p -> p.length()).sum());
    BlockParameters parameters =
        new BlockParameters(spec.parameters(), noise(0.02f, length), engine.allocate(length));
    Block block = spec.create(engine, parameters);
    Tensor y = block.forward(inputs(node.inputs()), true);
    outputs.put(node.name(), y);
    boolean image = y.shape().length == 4;
    long positions = image ? (long) y.size(1) * y.size(2) : 1;
    String map = image ? String.format(Locale.ROOT, " @ %d×%d", y.size(1), y.size(2)) : "";
    String kind =
        spec.getClass().getDeclaringClass().getSimpleName().replace("Block", "")
            + channels(spec)
            + map;
    Placed placed = new Placed(node, block, kind, batch * spec.flops(positions));
    placed.gradient = noise(y.shape());
    blocks.add(placed);
  }

  private static String channels(BlockSpec spec) {
    if (spec instanceof ResidualBlock.Spec residual) {
      String skip = residual.skip() == 0 ? "" : "+" + residual.skip();
      return " " + residual.current() + skip + "→" + residual.out();
    } else if (spec instanceof ConvolutionBlock.Spec convolution) {
      String stride = convolution.stride() == 1 ? "" : " stride 2";
      return " " + convolution.in() + "→" + convolution.out() + stride;
    } else if (spec instanceof UpsampleBlock.Spec upsample) {
      return " " + upsample.in();
    } else if (spec instanceof AttentionBlock.Spec attention) {
      return " " + attention.channels();
    } else if (spec instanceof OutputBlock.Spec output) {
      return " " + output.in() + "→" + output.out();
    }
    return "";
  }

  private Tensor[] inputs(List<String> names) {
    return names.stream().map(outputs::get).toArray(Tensor[]::new);
  }

  private Tensor noise(long... shape) {
    return noise(1, shape);
  }

  private Tensor noise(float scale, long... shape) {
    Tensor tensor = engine.allocate(shape);
    float[] values = new float[tensor.length()];
    CounterRandom.gaussian(1, Stream.WEIGHT_INIT, 0, 0, values, 0, values.length);
    for (int i = 0; i < values.length; i++) {
      values[i] *= scale;
    }
    tensor.upload(values, 0);
    return tensor;
  }

  /**
   * Runs forward and backward passes over the whole network.
   *
   * @param seconds how long, after half as long without counting
   */
  public List<Row> measure(double seconds) {
    repeat(seconds / 2);
    for (Placed placed : blocks) {
      placed.forward.clear();
      placed.backward.clear();
    }
    repeat(seconds);
    Map<String, Row> rows = new LinkedHashMap<>();
    Map<String, Double> flops = new HashMap<>();
    for (Placed placed : blocks) {
      flops.merge(placed.kind, 3.0 * placed.flops, Double::sum);
      double forward = medianMillis(placed.forward);
      double backward = medianMillis(placed.backward);
      Row before = rows.getOrDefault(placed.kind, new Row(placed.kind, 0, 0, 0, 0));
      double sumForward = before.forwardMillis() + forward;
      double sumBackward = before.backwardMillis() + backward;
      double rate = flops.get(placed.kind) / (sumForward + sumBackward) / 1e6;
      rows.put(
          placed.kind, new Row(placed.kind, before.count() + 1, sumForward, sumBackward, rate));
    }
    return List.copyOf(rows.values());
  }

  private void repeat(double seconds) {
    long end = System.nanoTime() + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
    do {
      for (Placed placed : blocks) {
        long before = System.nanoTime();
        placed.block.forward(inputs(placed.inputs), true);
        placed.forward.add(System.nanoTime() - before);
      }
      for (int i = blocks.size() - 1; i >= 0; i--) {
        Placed placed = blocks.get(i);
        long before = System.nanoTime();
        placed.block.backward(placed.gradient);
        placed.backward.add(System.nanoTime() - before);
      }
    } while (System.nanoTime() < end);
  }

  private static double medianMillis(List<Long> times) {
    List<Long> sorted = times.stream().sorted().toList();
    return sorted.get(sorted.size() / 2) / 1e6;
  }
}
