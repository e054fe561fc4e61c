package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.ParameterLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The tensors of a file as those of a network: all that it needs, in its shapes, and no others. */
public final class FittingTensors {
  private FittingTensors() {}

  /**
   * Compares names and shapes; the elements are read, and must be finite, when they are asked for.
   *
   * @param file for messages
   * @param given as the file has them; extents of 1 behind a shape may be more or fewer
   * @param architecture of the network
   * @return the tensors in the network's order
   * @throws DdpmException (data) if one is missing, of another shape, or belongs to something else
   */
  public static NamedTensors of(String file, NamedTensors given, Architecture architecture) {
    Map<String, TensorHeader> unused = new LinkedHashMap<>();
    given.headers().forEach(header -> unused.put(header.name(), header));
    NamedTensors fitting = new NamedTensors();
    TreeSet<String> missing = new TreeSet<>();
    for (ParameterLayout.Entry wanted : ParameterLayout.of(architecture).tensors()) {
      TensorHeader header = unused.remove(wanted.name());
      if (header == null) {
        missing.add(wanted.name());
      } else if (!core(header.shape()).equals(core(wanted.shape()))) {
        throw DdpmException.data(
            "%s: tensor %s is of shape %s, but the network needs %s.",
            file, wanted.name(), header.shape(), wanted.shape());
      } else {
        fitting.add(
            new TensorHeader(wanted.name(), wanted.shape()),
            () -> finite(file, header.name(), given.values(header.name())));
      }
    }
    if (!missing.isEmpty()) {
      throw DdpmException.data(
          "%s: %d tensors of the network are missing, such as %s%s.",
          file,
          missing.size(),
          missing.first(),
          unused.isEmpty() ? "" : ", and others are there, such as " + first(unused));
    }
    if (!unused.isEmpty()) {
      throw DdpmException.data(
          "%s: %d tensors belong to no part of the network, such as %s.",
          file, unused.size(), first(unused));
    }
    return fitting;
  }

  private static String first(Map<String, TensorHeader> tensors) {
    return StateDicts.shortened(tensors.keySet().iterator().next());
  }

  /** A linear layer may be stored as a convolution of one pixel. */
  private static List<Integer> core(List<Integer> shape) {
    int end = shape.size();
    while (end > 1 && shape.get(end - 1) == 1) {
      end--;
    }
    return shape.subList(0, end);
  }

  private static float[] finite(String file, String name, float[] elements) {
    for (int i = 0; i < elements.length; i++) {
      if (!Float.isFinite(elements[i])) {
        throw DdpmException.data(
            "%s: element %d of tensor %s is %s: weights must be finite.",
            file, i, name, elements[i]);
      }
    }
    return elements;
  }
}
