package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.spark.LocalSpark;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class RuntimeCheckTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final RuntimeReport DRIVER = report("driver", "17", "aa", "1", "CPU");

  @Test
  void countsTheSlots() {
    JavaSparkContext spark = context("local[4]", Map.of("spark.task.cpus", "2"));
    assertThat(RuntimeCheck.run(spark, () -> "CPU", () -> "CPU")).isEqualTo(2);
    assertThatThrownBy(
            () ->
                RuntimeCheck.run(
                    spark,
                    () -> {
                      throw new IllegalStateException("no natives");
                    },
                    () -> "CPU"))
        .isInstanceOfSatisfying(
            DdpmException.class,
            failure -> assertThat(failure.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
        .hasMessageContaining("no natives");
  }

  @Test
  void anotherSerializerIsRefused() {
    String kryo = "org.apache.spark.serializer.KryoSerializer";
    JavaSparkContext spark = context("local[2]", Map.of("spark.serializer", kryo));

    assertThatThrownBy(() -> RuntimeCheck.run(spark, () -> "CPU", () -> "CPU"))
        .isInstanceOfSatisfying(
            DdpmException.class,
            failure -> assertThat(failure.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageContainingAll("spark.serializer = " + kryo, "JavaSerializer");
  }

  private static JavaSparkContext context(String master, Map<String, String> settings) {
    return JavaSparkContext.fromSparkContext(SPARK.session(master, settings).sparkContext());
  }

  @Test
  void equalProcessesNeedNoWarning() {
    assertThat(RuntimeCheck.warnings(DRIVER, List.of(report("1", "17", "aa", "2", "CPU")), 2))
        .isEmpty();
  }

  @Test
  void threadsThatAreNotThoseOfATaskAreAWarning() {
    assertThat(
            RuntimeCheck.warnings(
                DRIVER,
                List.of(
                    report("1", "17", "aa", "unset", "CPU"), report("2", "17", "aa", "8", "CPU")),
                4))
        .satisfiesExactly(
            first ->
                assertThat(first)
                    .contains("Executor 1 on host: OMP_NUM_THREADS is unset", "4 core(s)"),
            second -> assertThat(second).contains("Executor 2 on host: OMP_NUM_THREADS is 8"));
  }

  @Test
  void anotherBackendOrJavaIsAWarning() {
    assertThat(RuntimeCheck.warnings(DRIVER, List.of(report("1", "21", "aa", "1", "CUDA")), 1))
        .satisfiesExactly(
            first -> assertThat(first).contains("computes with CUDA, the driver with CPU"),
            second -> assertThat(second).contains("runs Java 21, the driver Java 17"));
  }

  @Test
  void anotherBuildIsRefused() {
    assertThatThrownBy(
            () -> RuntimeCheck.requireSameJar(DRIVER, List.of(report("1", "17", "bb", "1", "CPU"))))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("Executor 1 on host runs another build of the job jar (bb)");
  }

  private static RuntimeReport report(
      String process, String java, String jar, String ompThreads, String backend) {
    return new RuntimeReport(process, "host", java, jar, ompThreads, backend);
  }
}
