package dev.ddpm.network.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.training.Decay;
import dev.ddpm.training.LearningRate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class ScheduledRateTest {

  /** DL4J's own RampSchedule cannot be read back. */
  @ParameterizedTest
  @EnumSource
  void survivesJson(Decay decay) throws Exception {
    var rate = new LearningRate(2e-4, 5000, decay, 10_000).after(100);
    ScheduledRate schedule = ScheduledRate.of(rate);
    var mapper = new ObjectMapper();
    ISchedule read = mapper.readValue(mapper.writeValueAsString(schedule), ISchedule.class);
    assertThat(read).isEqualTo(schedule);
    assertThat(read.valueAt(7000, 3)).isEqualTo(rate.at(7000));
    assertThat(schedule.clone()).isEqualTo(schedule).isNotSameAs(schedule);
  }
}
