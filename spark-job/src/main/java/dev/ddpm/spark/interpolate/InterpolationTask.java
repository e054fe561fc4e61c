package dev.ddpm.spark.interpolate;

import dev.ddpm.diffusion.Denoiser;
import dev.ddpm.spark.cluster.ExecutorPool;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;

/** Computes the levels of the images of a pair, in the order of λ. */
record InterpolationTask(InterpolationPlan plan, Broadcast<ExecutorPool<Denoiser>> models)
    implements Function<InterpolationTask.Work, List<byte[]>> {

  /**
   * A pair.
   *
   * @param pair its number
   * @param first levels of its image at λ = 0
   * @param other levels of its image at λ = 1
   * @param classes those of the two; null if the model knows none
   */
  // Sent, never compared.
  @SuppressWarnings("ArrayRecordComponent")
  record Work(int pair, byte[] first, byte[] other, int[] classes) implements Serializable {}

  @Override
  public List<byte[]> call(Work work) {
    float[] first = values(work.first());
    float[] other = values(work.other());
    float[] images =
        models.value().use(model -> plan.compute(model, work.pair(), first, other, work.classes()));
    List<byte[]> levels = new ArrayList<>();
    for (int i = 0; i < plan.lambdas(); i++) {
      levels.add(plan.sampling().image(images, i).pixels());
    }
    return levels;
  }

  private float[] values(byte[] levels) {
    float[] values = new float[levels.length];
    plan.sampling().model().dataRange().fromBytes(levels, 0, values, 0, levels.length);
    return values;
  }
}
