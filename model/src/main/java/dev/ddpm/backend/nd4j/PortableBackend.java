package dev.ddpm.backend.nd4j;

import dev.ddpm.backend.Precision;

/** ND4J's operations: every library behind ND4J, every precision, not tuned. */
public final class PortableBackend implements Nd4jBackend {

  @Override
  public int rank() {
    return 0;
  }

  @Override
  public boolean serves(Precision precision) {
    return true;
  }

  @Override
  public Nd4jEngine create(Precision precision) {
    Nd4jNatives.select();
    return new PortableEngine(precision);
  }

  @Override
  public String describe() {
    return Nd4jNatives.describe() + ", portable kernels (ND4J operations)";
  }
}
