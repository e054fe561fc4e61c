package dev.ddpm.spark.cluster;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.cuda.CudaBackend;
import dev.ddpm.backend.nd4j.Nd4jNatives;
import java.util.Optional;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/**
 * The GPU that Spark has given to the running task ({@code spark.task.resource.gpu.amount}); the
 * task's thread computes on it.
 */
final class TaskGpu {
  private static final String RESOURCE = "gpu";

  /** More than a machine has: which of them there are the back end knows when it is used. */
  private static final int MOST_CARDS = 10_000;

  private TaskGpu() {}

  /**
   * Makes this thread compute on its task's GPU. Changes nothing in a task without one, and outside
   * of tasks.
   *
   * @throws DdpmException (environment) if the task has a GPU and ND4J computes on the CPU
   */
  static void use() {
    address().ifPresent(TaskGpu::use);
  }

  private static void use(String address) {
    if (new CudaBackend().serves(Precision.FLOAT32)) {
      CudaBackend.useCard(device(address, MOST_CARDS));
      return;
    }
    if (!Nd4jNatives.isGpu()) {
      throw DdpmException.environment(
          "Spark gave this task the GPU %s, but ND4J computes on the CPU: submit the job jar of"
              + " profile cuda (--gpus), on machines with CUDA 11.6 and cuDNN 8, or set"
              + " backend.device = cuda, on machines with CUDA 13 and cuDNN 9.",
          address);
    }
    Nd4jNatives.useDevice(device(address, Nd4jNatives.devices()));
  }

  private static Optional<String> address() {
    return Optional.ofNullable(TaskContext.get())
        .map(task -> task.resourcesJMap().get(RESOURCE))
        .map(ResourceInformation::addresses)
        .filter(addresses -> addresses.length > 0)
        .map(addresses -> addresses[0]);
  }

  /**
   * The number of a device.
   *
   * @param address as the discovery script has told Spark
   * @param devices that this process sees
   * @throws DdpmException (environment) if there is no such device
   */
  static int device(String address, int devices) {
    if (!address.matches("\\d{1,4}") || Integer.parseInt(address) >= devices) {
      throw DdpmException.environment(
          "Spark gave this task the GPU %s: must be a number below %d, the GPUs that the process"
              + " sees; use conf/discover-gpus.sh as discovery script.",
          address, devices);
    }
    return Integer.parseInt(address);
  }
}
