package dev.ddpm.golden;

import dev.ddpm.checkpoint.SafetensorsReader;
import dev.ddpm.checkpoint.TensorHeader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One file of golden vectors: named tensors in PyTorch's layout, and what the file says of them.
 */
public final class GoldenFile {
  private final Map<String, String> metadata;
  private final Map<String, TensorHeader> headers = new HashMap<>();
  private final Map<String, float[]> tensors = new HashMap<>();

  private GoldenFile(SafetensorsReader reader) throws IOException {
    metadata = reader.metadata();
    for (TensorHeader header : reader.tensors()) {
      headers.put(header.name(), header);
      tensors.put(header.name(), reader.readFloats());
    }
    reader.expectEnd();
  }

  /** Reads {@code golden/NAME.safetensors} from the test resources. */
  public static GoldenFile open(String name) {
    return resource("/golden/" + name + ".safetensors");
  }

  /** Reads any file of tensors in the test resources. */
  public static GoldenFile resource(String resource) {
    InputStream stream = Objects.requireNonNull(GoldenFile.class.getResourceAsStream(resource));
    try (SafetensorsReader reader = SafetensorsReader.widening(stream, resource)) {
      return new GoldenFile(reader);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A text of the file's metadata. */
  public String metadata(String key) {
    return Objects.requireNonNull(metadata.get(key), key);
  }

  /** A number of the file's metadata. */
  public int number(String key) {
    return Integer.parseInt(metadata(key));
  }

  /** The tensors. */
  public Collection<TensorHeader> tensors() {
    return List.copyOf(headers.values());
  }

  /** Whether there is such a tensor. */
  public boolean has(String name) {
    return tensors.containsKey(name);
  }

  /** A tensor's shape. */
  public long[] shape(String name) {
    return headers.get(name).shape().stream().mapToLong(Integer::longValue).toArray();
  }

  /** A tensor's values as they are stored. */
  public float[] values(String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  /** An image tensor, (batch, channels, height, width), as (batch, height, width, channels). */
  public float[] image(String name) {
    long[] shape = shape(name);
    int batch = (int) shape[0];
    int channels = (int) shape[1];
    int positions = (int) (shape[2] * shape[3]);
    float[] values = values(name);
    float[] image = new float[values.length];
    for (int n = 0; n < batch; n++) {
      for (int c = 0; c < channels; c++) {
        for (int p = 0; p < positions; p++) {
          image[(n * positions + p) * channels + c] = values[(n * channels + c) * positions + p];
        }
      }
    }
    return image;
  }

  /** The shape of {@link #image}. */
  public long[] imageShape(String name) {
    long[] shape = shape(name);
    return new long[] {shape[0], shape[2], shape[3], shape[1]};
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
