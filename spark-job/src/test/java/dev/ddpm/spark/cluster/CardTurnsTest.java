package dev.ddpm.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ddpm.DdpmException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class CardTurnsTest {
  private final CardTurns turns = new CardTurns();

  @Test
  void whoComesWhenAllAreTakenWaitsForTheFirstThatIsFree() {
    assertThat(turns.take(2)).isZero();
    assertThat(turns.take(2)).isEqualTo(1);
    CompletableFuture<Thread> waiting = new CompletableFuture<>();
    CompletableFuture<Integer> third =
        CompletableFuture.supplyAsync(
            () -> {
              waiting.complete(Thread.currentThread());
              return turns.take(2);
            });
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> waiting.join().getState() == Thread.State.WAITING);
    assertThat(third).isNotDone();

    turns.giveBack(1);

    assertThat(third.join()).isEqualTo(1);
    turns.giveBack(0);
    assertThat(turns.take(2)).isZero();
  }

  @Test
  void aTaskThatIsKilledWaitsNoMore() {
    turns.take(1);
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> turns.take(1))
        .isInstanceOf(DdpmException.class)
        .hasMessage("Interrupted while waiting for a GPU.");
    assertThat(Thread.interrupted()).isTrue();
  }
}
