package dev.ddpm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class DecodingMemoryTest {
  private static final long MEBIBYTE = 1 << 20;
  private static final long HEAP = 3000 * MEBIBYTE;

  @Test
  void whoNeedsMoreThanIsFreeWaits() throws Exception {
    DecodingMemory memory = new DecodingMemory(HEAP);
    AtomicLong taken = new AtomicLong();
    AtomicLong most = new AtomicLong();
    ExecutorService slots = Executors.newFixedThreadPool(16);
    List<Future<?>> tasks = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      // One in ten needs more than all, and is alone then.
      long bytes = (i % 10 == 0 ? 1500 : 300) * MEBIBYTE;
      long counted = Math.min(bytes, HEAP / 3);
      tasks.add(
          slots.submit(
              () -> {
                try (DecodingMemory.Share share = memory.share()) {
                  share.take(bytes, 1, 1, "x");
                  most.accumulateAndGet(taken.addAndGet(counted), Math::max);
                  Thread.sleep(5);
                  taken.addAndGet(-counted);
                }
                return null;
              }));
    }
    for (Future<?> task : tasks) {
      task.get(30, TimeUnit.SECONDS);
    }
    slots.shutdown();

    assertThat(most.get()).isBetween(900 * MEBIBYTE, HEAP / 3);
    assertThat(taken).hasValue(0);
  }

  @Test
  void oneThatDoesNotFitIsToldWhatItNeeds() {
    try (DecodingMemory.Share share = new DecodingMemory(512 * MEBIBYTE).share()) {
      assertThatThrownBy(() -> share.take(400 * MEBIBYTE, 6000, 8000, "a.png"))
          .isInstanceOfSatisfying(
              DdpmException.class,
              e -> assertThat(e.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
          .hasMessage(
              "a.png has 6000×8000 pixels (height×width), to decode which takes 400 MiB, and the"
                  + " heap of this JVM has 512 MiB: --memory 600m is enough.");
    }
  }
}
