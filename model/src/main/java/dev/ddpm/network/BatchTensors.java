package dev.ddpm.network;

import dev.ddpm.backend.Engine;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Tensor;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.CleanBatch;
import dev.ddpm.diffusion.Noising;
import dev.ddpm.image.ImageShape;
import java.util.HashMap;
import java.util.Map;

/** The tensors of an engine that batches of one size are put into before a pass. */
public final class BatchTensors {
  private final Architecture architecture;
  private final Kernels kernels;
  private final Map<String, Tensor> inputs = new HashMap<>();
  private final Tensor target;
  private final Tensor factors;
  private final float[] times;
  private final long[] imageKeys;
  private final float[] imageFactors;
  private final float[] classNumbers;

  /**
   * Tensors of zeros.
   *
   * @param size images of a batch
   */
  public BatchTensors(Architecture architecture, Engine engine, int size) {
    this.architecture = architecture;
    this.kernels = engine.kernels();
    inputs.put(NetworkPlan.IMAGE, images(engine, size));
    inputs.put(NetworkPlan.TIMESTEP, engine.allocate(size, 1));
    inputs.put(NetworkPlan.KEYS, engine.keys(size));
    if (architecture.classes() > 0) {
      inputs.put(NetworkPlan.CLASS, engine.allocate(size, 1));
    }
    target = images(engine, size);
    factors = engine.allocate(size, 1);
    times = new float[size];
    imageKeys = new long[size];
    imageFactors = new float[size];
    classNumbers = new float[size];
  }

  private Tensor images(Engine engine, int size) {
    ImageShape shape = architecture.imageShape();
    return engine.allocate(size, shape.height(), shape.width(), shape.channels());
  }

  /** One of {@link NetworkPlan#inputs}. */
  public Tensor input(String name) {
    return inputs.get(name);
  }

  /** What the network should put out, shaped like the images. */
  public Tensor target() {
    return target;
  }

  /** The factor of each image in the gradient, (size, 1). */
  public Tensor factors() {
    return factors;
  }

  /**
   * Takes the images of a batch from one on, as many as there is room for.
   *
   * @throws IllegalArgumentException if classes are missing, unknown to the network, or given to
   *     one that knows none
   */
  public void set(Batch batch, int from) {
    setClasses(batch.classes(), from);
    input(NetworkPlan.IMAGE).upload(batch.xt(), from * architecture.imageShape().size());
    System.arraycopy(batch.timesteps(), from, times, 0, times.length);
    input(NetworkPlan.TIMESTEP).upload(times, 0);
  }

  /** The same for clean images, which are noised; their targets are then there as well. */
  public void set(Noising noising, CleanBatch batch, int from) {
    setClasses(batch.classes(), from);
    kernels.noise(noising, batch, from, input(NetworkPlan.IMAGE), target);
    for (int i = 0; i < times.length; i++) {
      times[i] = batch.timesteps()[from + i];
    }
    input(NetworkPlan.TIMESTEP).upload(times, 0);
  }

  private void setClasses(int[] classes, int from) {
    if ((classes != null) != (architecture.classes() > 0)) {
      throw new IllegalArgumentException(
          architecture.classes() > 0
              ? "This network needs a class per image."
              : "This network knows no classes.");
    }
    if (classes != null) {
      for (int i = 0; i < classNumbers.length; i++) {
        classNumbers[i] = known(classes[from + i]);
      }
      input(NetworkPlan.CLASS).upload(classNumbers, 0);
    }
  }

  private int known(int number) {
    if (number < 0 || number >= architecture.classes()) {
      throw new IllegalArgumentException(
          "class %d of a network with %d".formatted(number, architecture.classes()));
    }
    return number;
  }

  /** Takes what the network should put out for the same images. */
  public void setTarget(float[] values, int from) {
    target.upload(values, from * architecture.imageShape().size());
  }

  /** Takes the keys of the same images, which decide what is dropped. */
  public void setKeys(long[] allKeys, int from) {
    System.arraycopy(allKeys, from, imageKeys, 0, imageKeys.length);
    input(NetworkPlan.KEYS).upload(imageKeys);
  }

  /**
   * Takes the factors of the same images.
   *
   * @param values one per image of the batch; null for 1
   * @param share of these images in the whole batch, which all factors are multiplied with
   */
  public void setFactors(float[] values, int from, float share) {
    for (int i = 0; i < imageFactors.length; i++) {
      imageFactors[i] = values == null ? share : share * values[from + i];
    }
    factors.upload(imageFactors, 0);
  }
}
