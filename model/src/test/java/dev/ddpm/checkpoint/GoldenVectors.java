package dev.ddpm.checkpoint;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** Reference results of an independent implementation, from {@code src/test/resources/golden}. */
public final class GoldenVectors {
  private final Map<String, float[]> tensors = new HashMap<>();

  private GoldenVectors() {}

  /** Loads all floating-point tensors of a file. */
  public static GoldenVectors load(String name) {
    GoldenVectors golden = new GoldenVectors();
    String resource = "/golden/" + name + ".safetensors";
    try (InputStream in = GoldenVectors.class.getResourceAsStream(resource);
        SafetensorsReader reader =
            new SafetensorsReader(
                new BufferedInputStream(Objects.requireNonNull(in, resource)), resource)) {
      for (TensorHeader tensor : reader.tensors()) {
        if (tensor.type() == TensorHeader.ElementType.F32) {
          golden.tensors.put(tensor.name(), reader.readFloats());
        } else {
          reader.readLongs();
        }
      }
      reader.expectEnd();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return golden;
  }

  /** The elements of a tensor, row-major. */
  public float[] floats(String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  /** The largest absolute difference of two arrays of the same length; NaN if there is one. */
  public static float largestDifference(float[] actual, float[] expected) {
    if (actual.length != expected.length) {
      throw new IllegalArgumentException(actual.length + " and " + expected.length + " elements");
    }
    float largest = 0;
    for (int i = 0; i < actual.length; i++) {
      largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
    }
    return largest;
  }
}
