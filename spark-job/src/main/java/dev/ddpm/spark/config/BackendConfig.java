package dev.ddpm.spark.config;

import dev.ddpm.backend.BackendChoice;
import dev.ddpm.backend.DeviceChoice;
import java.io.Serializable;

/** What networks are computed with. */
public record BackendConfig(
    @Key(
            value = "cpu",
            since = "0.2.0",
            absent = "cpu",
            doc =
                "What networks are computed on: cpu; cuda, an NVIDIA card in every process that"
                    + " computes, of compute capability 7.5 or newer, with a driver for CUDA 13,"
                    + " CUDA 13 and cuDNN 9; or auto, a card where there is such a one and the CPU"
                    + " elsewhere. Where Spark gives tasks GPUs (--gpus of the scripts) the default"
                    + " is cuda, and cpu is refused. The code for cards has passed its tests on an"
                    + " emulated card and has not run on a real one yet.")
        DeviceChoice device,
    @Key(
            value = "float32",
            since = "0.2.0",
            absent = "float32",
            doc =
                "What networks compute in: float32; bfloat16 or tf32, with which the factors of"
                    + " convolutions and products are rounded to 8 or 11 bits before they are"
                    + " multiplied. On CPUs bfloat16 needs AMX or AVX512-bf16 on every machine,"
                    + " there is no tf32, and training needs float32. Cards need compute capability"
                    + " 8.0 or newer for both, and train in each.")
        PrecisionChoice precision)
    implements Serializable {
  /** The path of the key of the device. */
  public static final String DEVICE = "backend.device";

  /** As back ends have it. */
  public BackendChoice choice() {
    return new BackendChoice(device, precision.precision());
  }
}
