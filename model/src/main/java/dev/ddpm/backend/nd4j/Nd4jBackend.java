package dev.ddpm.backend.nd4j;

import dev.ddpm.backend.Backend;
import dev.ddpm.backend.Precision;

/** A back end whose tensors lie over ND4J's arrays, so that a network of DL4J's can share them. */
public interface Nd4jBackend extends Backend {

  @Override
  Nd4jEngine create(Precision precision);
}
