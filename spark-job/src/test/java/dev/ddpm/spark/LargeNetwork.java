package dev.ddpm.spark;

import dev.ddpm.network.LabmlUNet;
import java.util.List;

/** The network of the annotated implementation, 167,777,987 parameters, for colour images. */
public final class LargeNetwork {
  /** Its architecture. */
  public static final LabmlUNet UNET =
      new LabmlUNet(
          3, 32, 32, 64, List.of(1, 2, 2, 4), List.of(false, false, false, true), 2, 32, 1, 0.1);

  private LargeNetwork() {}
}
