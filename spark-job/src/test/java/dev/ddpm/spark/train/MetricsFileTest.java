package dev.ddpm.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.diffusion.Prediction;
import dev.ddpm.spark.io.HadoopFileStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MetricsFileTest {
  @TempDir private Path folder;

  private static RoundReport report(long round) {
    return new RoundReport(
        round, 9, 1, 1, round, round, 1, 0, 0.5, 1e-3, 1, 1, 1, 1, 1, 1, 1, 1, null, null, null);
  }

  private MetricsFile metrics() {
    return new MetricsFile(new HadoopFileStore(folder.toString(), new Configuration()));
  }

  private List<Long> rounds(long upTo) {
    return metrics().upTo(upTo).stream().map(RoundReport::round).toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "null",
        "[]",
        "{\"round\":2} {\"round\":3}",
        "{\"round\":2,\"round\":3}",
        "{\"round\":2,\"news\":3}",
        "{\"round\":\"two\"}",
        "{\"round\":null}"
      })
  void aLineThatCannotBeReadTakesNoOtherWithIt(String damaged) throws IOException {
    metrics().write(List.of(report(1), report(2), report(3), report(4)), Prediction.EPSILON);
    Path file = folder.resolve("metrics.jsonl");
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    lines.set(1, damaged);
    Files.write(file, lines);

    assertThat(rounds(3)).containsExactly(1L, 3L);
    assertThat(rounds(4)).containsExactly(1L, 3L, 4L);
  }
}
