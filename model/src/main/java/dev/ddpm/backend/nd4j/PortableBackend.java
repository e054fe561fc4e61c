package dev.ddpm.backend.nd4j;

import dev.ddpm.backend.Backends;
import dev.ddpm.backend.Precision;

/** ND4J's operations: every library behind ND4J, float32 and float64, not tuned. */
public final class PortableBackend implements Nd4jBackend {

  @Override
  public int rank() {
    return 0;
  }

  @Override
  public boolean serves(Precision precision) {
    return precision == Precision.FLOAT32 || precision == Precision.FLOAT64;
  }

  @Override
  public Nd4jEngine create(Precision precision) {
    if (!serves(precision)) {
      throw Backends.refusal(precision);
    }
    Nd4jNatives.select();
    return new PortableEngine(precision);
  }

  @Override
  public String describe(Precision precision) {
    return Nd4jNatives.describe() + ", portable kernels (ND4J operations)";
  }
}
