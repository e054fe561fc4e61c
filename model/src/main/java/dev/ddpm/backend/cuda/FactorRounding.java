package dev.ddpm.backend.cuda;

import dev.ddpm.backend.Precision;
import java.util.HashMap;
import java.util.Map;

/** Factors of products and convolutions as the precision of a network has them. */
final class FactorRounding {
  /** Values per 16 bytes, which the card's units for products load at a time. */
  private static final int BFLOAT16_UNIT = 8;

  private static final int TF32_UNIT = 4;

  private record Place(String role, int count) {}

  private final Device device;
  private final Precision precision;
  private final Map<Place, Long> scratch = new HashMap<>();

  FactorRounding(Device device, Precision precision) {
    this.device = device;
    this.precision = precision;
  }

  /** What factors of products are. */
  Device.Factors ofProducts() {
    return switch (precision) {
      case FLOAT32 -> Device.Factors.FLOAT32;
      case TF32 -> Device.Factors.TF32;
      case BFLOAT16 -> Device.Factors.BFLOAT16;
      case FLOAT64 -> throw new IllegalArgumentException("No card of ours computes in float64");
    };
  }

  /**
   * What factors of a convolution are: float32 where its channels do not fill what the card loads
   * at a time, as in the first and the last one of a network, which take no time to speak of.
   */
  Device.Factors ofConvolution(int in, int out) {
    int unit =
        switch (precision) {
          case BFLOAT16 -> BFLOAT16_UNIT;
          case TF32 -> TF32_UNIT;
          case FLOAT32, FLOAT64 -> 1;
        };
    return in % unit == 0 && out % unit == 0 ? ofProducts() : Device.Factors.FLOAT32;
  }

  /**
   * The address of values in the type of factors: their own, or that of a rounded copy, which lasts
   * until the next of this role and number.
   */
  long factor(Device.Factors type, String role, long values, int count) {
    if (type != Device.Factors.BFLOAT16) {
      return values;
    }
    long copy =
        scratch.computeIfAbsent(
            new Place(role, count), place -> device.allocate((long) count * Short.BYTES));
    round(values, copy, count);
    return copy;
  }

  /** Rounds float32 values to bfloat16. */
  void round(long values, long rounded, int count) {
    Launches.run(device, "roundToBfloat16", count, values, rounded, count);
  }
}
