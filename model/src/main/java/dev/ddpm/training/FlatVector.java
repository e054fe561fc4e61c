package dev.ddpm.training;

import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Copies contiguous float32 arrays in bulk; ND4J's own accessors go number by number. */
final class FlatVector {
  private FlatVector() {}

  /** The values of an array. */
  static float[] read(INDArray array) {
    float[] values = new float[Math.toIntExact(array.length())];
    new FloatPointer(array.data().addressPointer()).get(values);
    return values;
  }

  /** Overwrites the values of an array. */
  static void write(float[] values, INDArray array) {
    if (values.length != array.length()) {
      throw new IllegalArgumentException(
          "%d values for an array of length %d".formatted(values.length, array.length()));
    }
    new FloatPointer(array.data().addressPointer()).put(values);
  }
}
