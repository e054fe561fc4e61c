package dev.ddpm.spark.evaluate;

import dev.ddpm.checkpoint.SafetensorsReader;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.evaluation.extractor.ExtractorSpec;
import dev.ddpm.evaluation.extractor.FeatureExtractor;
import dev.ddpm.image.ImageShape;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Images that are feature vectors: the pixels of an image of 8×8 are the bytes of 16 float32
 * numbers. So vectors whose distances are known go all the way through a job.
 */
final class VectorImages {
  private static final int FEATURES = 16;

  private VectorImages() {}

  /** The tensors of the golden file of distances. */
  static Map<String, float[]> golden() throws IOException {
    Path file = Path.of("../model/src/test/resources/golden/metrics.safetensors");
    Map<String, float[]> tensors = new HashMap<>();
    try (SafetensorsReader reader =
        SafetensorsReader.widening(
            new BufferedInputStream(Files.newInputStream(file)), file.toString())) {
      for (TensorHeader header : reader.tensors()) {
        tensors.put(header.name(), reader.readFloats());
      }
    }
    return tensors;
  }

  /** An image for each 16 numbers. */
  static List<byte[]> of(float[] vectors) {
    List<byte[]> images = new ArrayList<>();
    for (int at = 0; at < vectors.length; at += FEATURES) {
      ByteBuffer image = ByteBuffer.allocate(FEATURES * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      image.asFloatBuffer().put(vectors, at, FEATURES);
      images.add(image.array());
    }
    return images;
  }

  /** Makes vectors of images again. */
  record Spec() implements ExtractorSpec {
    @Override
    public TreeMap<String, String> settings() {
      return new TreeMap<>(Map.of("kind", "vectors"));
    }

    @Override
    public FeatureExtractor open(ImageShape images) {
      return new FeatureExtractor() {
        @Override
        public int features() {
          return FEATURES;
        }

        @Override
        public void extract(byte[] image, float[] to, int offset) {
          ByteBuffer.wrap(image)
              .order(ByteOrder.LITTLE_ENDIAN)
              .asFloatBuffer()
              .get(to, offset, FEATURES);
        }
      };
    }
  }
}
