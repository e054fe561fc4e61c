package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.spark.LocalSpark;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a pool builds is used again, and closed when nobody can use it any more. */
class ExecutorPoolTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  /** Of this process, where the tasks run as well. */
  private static final AtomicInteger BUILT = new AtomicInteger();

  private static final AtomicInteger CLOSED = new AtomicInteger();

  private static final class Counted implements AutoCloseable {
    Counted() {
      BUILT.incrementAndGet();
    }

    @Override
    public void close() {
      CLOSED.incrementAndGet();
    }
  }

  private final ExecutorPool<Counted> pool = new ExecutorPool<>(Counted::new);

  @BeforeEach
  void countFromZero() {
    BUILT.set(0);
    CLOSED.set(0);
  }

  private static void assertCounts(int built, int closed) {
    assertThat(BUILT).hasValue(built);
    assertThat(CLOSED).hasValue(closed);
  }

  @Test
  void whatIsIdleIsUsedAgainAndClosedWithThePool() {
    pool.<Integer, RuntimeException>use(one -> pool.use(another -> 1));
    assertThat(pool.<Integer, RuntimeException>use(one -> 2)).isEqualTo(2);
    assertCounts(2, 0);

    pool.close();
    assertCounts(2, 2);
    pool.close();
    assertCounts(2, 2);
  }

  @Test
  void whatHasFailedIsClosed() {
    assertThatThrownBy(
            () ->
                pool.use(
                    one -> {
                      throw new IllegalStateException("no card");
                    }))
        .hasMessage("no card");
    assertCounts(1, 1);
    pool.<Integer, RuntimeException>use(one -> 1);
    assertCounts(2, 1);
  }

  @Test
  void aClosedPoolServesAndKeepsNothing() {
    pool.<Integer, RuntimeException>use(
        one -> {
          pool.close();
          assertCounts(1, 0);
          return 1;
        });
    assertCounts(1, 1);
    pool.<Integer, RuntimeException>use(one -> 1);
    assertCounts(2, 2);
  }

  @Test
  void whatCannotBeClosedIsLeftAlone() {
    ExecutorPool<String> words = new ExecutorPool<>(() -> "word");
    assertThat(words.<Integer, RuntimeException>use(String::length)).isEqualTo(4);
    words.close();
  }

  /** Spark does it when the job takes its broadcasts away. */
  @Test
  void sparkClosesAPoolThatItForgets() {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(SPARK.session().sparkContext());
    Broadcast<ExecutorPool<Counted>> sent = spark.broadcast(pool);
    spark.parallelize(List.of(1, 2, 3), 3).foreach(number -> sent.value().use(one -> number));
    assertThat(BUILT).hasPositiveValue();
    assertThat(CLOSED).hasValue(0);

    sent.destroy();
    Awaitility.await().untilAsserted(() -> assertThat(CLOSED).hasValue(BUILT.get()));
  }
}
