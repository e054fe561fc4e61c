package dev.ddpm.network.dl4j;

import dev.ddpm.backend.AdamStep;
import java.util.Map;
import java.util.Objects;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Adam (Kingma and Ba, arXiv 1412.6980) as PyTorch computes it: ε is added to the root of the
 * bias-corrected variance, not, as in DL4J's own Adam, to the uncorrected one. The state is [m |
 * v].
 */
public final class TorchAdam implements IUpdater {
  private static final long serialVersionUID = 1L;

  @JsonProperty private double learningRate;
  @JsonProperty private ISchedule schedule;
  @JsonProperty private final double beta1;
  @JsonProperty private final double beta2;
  @JsonProperty private final double epsilon;

  @JsonCreator
  TorchAdam(
      @JsonProperty("learningRate") double learningRate,
      @JsonProperty("schedule") ISchedule schedule,
      @JsonProperty("beta1") double beta1,
      @JsonProperty("beta2") double beta2,
      @JsonProperty("epsilon") double epsilon) {
    this.learningRate = learningRate;
    this.schedule = schedule;
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
  }

  /** PyTorch's defaults at a constant rate. */
  public static TorchAdam constant(double learningRate) {
    return new TorchAdam(learningRate, null, AdamStep.BETA1, AdamStep.BETA2, AdamStep.EPSILON);
  }

  /** PyTorch's defaults at a rate that depends on the iteration, counted from 0. */
  public static TorchAdam scheduled(ISchedule schedule) {
    return new TorchAdam(0, schedule, AdamStep.BETA1, AdamStep.BETA2, AdamStep.EPSILON);
  }

  double beta1() {
    return beta1;
  }

  double beta2() {
    return beta2;
  }

  double epsilon() {
    return epsilon;
  }

  @Override
  public long stateSize(long parameters) {
    return 2 * parameters;
  }

  @Override
  public GradientUpdater<TorchAdam> instantiate(INDArray state, boolean initialize) {
    TorchAdamUpdater updater = new TorchAdamUpdater(this);
    updater.setStateViewArray(state, state.shape(), state.ordering(), initialize);
    return updater;
  }

  @Override
  public GradientUpdater<TorchAdam> instantiate(Map<String, INDArray> state, boolean initialize) {
    TorchAdamUpdater updater = new TorchAdamUpdater(this);
    updater.setState(state, initialize);
    return updater;
  }

  @Override
  public TorchAdam clone() {
    ISchedule copy = schedule == null ? null : schedule.clone();
    return new TorchAdam(learningRate, copy, beta1, beta2, epsilon);
  }

  @Override
  public double getLearningRate(int iteration, int epoch) {
    return schedule == null ? learningRate : schedule.valueAt(iteration, epoch);
  }

  @Override
  public boolean hasLearningRate() {
    return true;
  }

  @Override
  public void setLrAndSchedule(double rate, ISchedule newSchedule) {
    learningRate = rate;
    schedule = newSchedule;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TorchAdam that
        && learningRate == that.learningRate
        && Objects.equals(schedule, that.schedule)
        && beta1 == that.beta1
        && beta2 == that.beta2
        && epsilon == that.epsilon;
  }

  @Override
  public int hashCode() {
    return Objects.hash(learningRate, schedule, beta1, beta2, epsilon);
  }
}
