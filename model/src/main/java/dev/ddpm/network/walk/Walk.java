package dev.ddpm.network.walk;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import dev.ddpm.network.BatchTensors;
import dev.ddpm.network.NetworkPlan;
import dev.ddpm.network.block.Block;
import dev.ddpm.network.block.BlockParameters;
import dev.ddpm.network.block.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The blocks of a plan, computed one after the other: forwards in their order, backwards in the
 * opposite one.
 */
final class Walk {
  private final Kernels kernels;
  private final List<String> networkInputs;
  private final List<Stop> stops = new ArrayList<>();

  /** What the network was given, then what each block has put out. */
  private final Tensor[] values;

  /** The gradients of the values; null where none has come yet. */
  private final Tensor[] gradients;

  /**
   * One block.
   *
   * @param block what computes
   * @param sources the values that it reads, by their places
   * @param inputs receives these
   */
  // Never compared: the arrays are the walk's own.
  @SuppressWarnings("ArrayRecordComponent")
  private record Stop(Block block, int[] sources, Tensor[] inputs) {}

  /**
   * A walk through a plan.
   *
   * @param parameters flat, in the order of the plan
   * @param gradient where their gradient goes, of the same length; null if there is no way back
   */
  Walk(NetworkPlan plan, Engine engine, Tensor parameters, Tensor gradient) {
    this.kernels = engine.kernels();
    this.networkInputs = plan.inputs();
    List<String> places = new ArrayList<>(networkInputs);
    long offset = 0;
    for (NetworkPlan.Node node : plan.nodes()) {
      List<Parameter> tensors = node.block().parameters();
      long length = tensors.stream().mapToLong(Parameter::length).sum();
      Block block =
          node.block()
              .create(
                  engine,
                  new BlockParameters(
                      tensors, part(parameters, offset, length), part(gradient, offset, length)));
      int[] sources = node.inputs().stream().mapToInt(places::indexOf).toArray();
      stops.add(new Stop(block, sources, new Tensor[sources.length]));
      places.add(node.name());
      offset += length;
    }
    values = new Tensor[places.size()];
    gradients = new Tensor[places.size()];
  }

  private static Tensor part(Tensor flat, long offset, long length) {
    return flat == null || length == 0 ? null : flat.slice(offset, length);
  }

  /**
   * Computes the prediction, which belongs to the last block.
   *
   * @param training whether dropout applies and {@link #backward} may follow
   */
  Tensor forward(BatchTensors batch, boolean training) {
    for (int i = 0; i < networkInputs.size(); i++) {
      values[i] = batch.input(networkInputs.get(i));
    }
    int place = networkInputs.size();
    for (Stop stop : stops) {
      for (int i = 0; i < stop.sources().length; i++) {
        stop.inputs()[i] = values[stop.sources()[i]];
      }
      values[place++] = stop.block().forward(stop.inputs(), training);
    }
    return values[values.length - 1];
  }

  /**
   * Computes the gradients of the parameters from that of the prediction. What several blocks read
   * has the sum of their gradients: those of later blocks come first, and the others are added to
   * the first in place, as DL4J's graphs do it.
   */
  void backward(Tensor dy) {
    Arrays.fill(gradients, null);
    gradients[gradients.length - 1] = dy;
    for (int number = stops.size() - 1; number >= 0; number--) {
      Stop stop = stops.get(number);
      Tensor[] ofInputs = stop.block().backward(gradients[networkInputs.size() + number]);
      for (int i = 0; i < ofInputs.length; i++) {
        if (ofInputs[i] != null) {
          addGradient(stop.sources()[i], ofInputs[i]);
        }
      }
    }
  }

  private void addGradient(int place, Tensor gradient) {
    if (gradients[place] == null) {
      gradients[place] = gradient;
    } else {
      kernels.add(gradient, gradients[place]);
    }
  }
}
