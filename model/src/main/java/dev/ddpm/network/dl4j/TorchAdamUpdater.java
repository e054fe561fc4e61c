package dev.ddpm.network.dl4j;

import dev.ddpm.backend.AdamStep;
import dev.ddpm.backend.Tensor;
import dev.ddpm.backend.nd4j.Nd4jEngine;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.GradientUpdater;

/** The running form of {@link TorchAdam}, over any contiguous part of the flat vectors. */
final class TorchAdamUpdater implements GradientUpdater<TorchAdam> {
  private static final String MEAN = "m";
  private static final String VARIANCE = "v";

  private final TorchAdam configuration;
  private Nd4jEngine engine;
  private Tensor mean;
  private Tensor variance;
  private Tensor gradient;

  TorchAdamUpdater(TorchAdam configuration) {
    this.configuration = configuration;
  }

  @Override
  public TorchAdam getConfig() {
    return configuration;
  }

  @Override
  public void setState(Map<String, INDArray> state, boolean initialize) {
    bind(state.get(MEAN), state.get(VARIANCE), initialize);
  }

  @Override
  public Map<String, INDArray> getState() {
    return Map.of(MEAN, Nd4jEngine.array(mean), VARIANCE, Nd4jEngine.array(variance));
  }

  @Override
  public void setStateViewArray(
      INDArray state, long[] gradientShape, char order, boolean initialize) {
    INDArray flat = state.reshape(state.length());
    long half = flat.length() / 2;
    bind(
        flat.get(NDArrayIndex.interval(0, half)),
        flat.get(NDArrayIndex.interval(half, 2 * half)),
        initialize);
  }

  private void bind(INDArray m, INDArray v, boolean initialize) {
    if (initialize) {
      m.assign(0);
      v.assign(0);
    }
    engine = Nd4jEngine.best(m.dataType());
    mean = engine.tensor(m);
    variance = engine.tensor(v);
  }

  /**
   * Turns the gradient into the update to subtract, in place.
   *
   * @param iteration number of updates before this one
   */
  @Override
  public void applyUpdater(INDArray values, int iteration, int epoch) {
    if (gradient == null || !sameMemory(Nd4jEngine.array(gradient), values)) {
      gradient = engine.tensor(values);
    }
    AdamStep step =
        new AdamStep(
            configuration.getLearningRate(iteration, epoch),
            configuration.beta1(),
            configuration.beta2(),
            configuration.epsilon(),
            iteration + 1);
    engine.kernels().adam(step, gradient, mean, variance);
  }

  private static boolean sameMemory(INDArray a, INDArray b) {
    return a.data() == b.data() && a.offset() == b.offset() && a.length() == b.length();
  }
}
