package dev.ddpm.network.dl4j;

import dev.ddpm.training.Decay;
import dev.ddpm.training.LearningRate;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/** A {@link LearningRate} as DL4J's updaters ask for it, with the fields that DL4J stores. */
record ScheduledRate(
    @JsonProperty("rate") double rate,
    @JsonProperty("warmUpSteps") long warmUpSteps,
    @JsonProperty("decay") Decay decay,
    @JsonProperty("steps") long steps,
    @JsonProperty("earlier") long earlier)
    implements ISchedule {

  static ScheduledRate of(LearningRate rate) {
    return new ScheduledRate(
        rate.rate(), rate.warmUpSteps(), rate.decay(), rate.steps(), rate.earlier());
  }

  @Override
  public double valueAt(int iteration, int epoch) {
    return new LearningRate(rate, warmUpSteps, decay, steps, earlier).at(iteration);
  }

  @Override
  public ISchedule clone() {
    return new ScheduledRate(rate, warmUpSteps, decay, steps, earlier);
  }
}
