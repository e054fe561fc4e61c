package dev.ddpm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
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

    assertThat(most.get()).isLessThanOrEqualTo(HEAP / 3);
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
              "a.png has 6000×8000 pixels (height×width), and decoding it takes 400 MiB, but the"
                  + " heap of this JVM has 512 MiB: give at least --memory 600m.");
    }
  }

  @Test
  void asManyAsFitDecodeAtOnce() throws Exception {
    DecodingMemory memory = new DecodingMemory(HEAP);
    CountDownLatch inside = new CountDownLatch(3);
    ExecutorService slots = Executors.newFixedThreadPool(3);
    List<Future<Boolean>> tasks = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      tasks.add(
          slots.submit(
              () -> {
                try (DecodingMemory.Share share = memory.share()) {
                  share.take(300 * MEBIBYTE, 1, 1, "x");
                  inside.countDown();
                  return inside.await(30, TimeUnit.SECONDS);
                }
              }));
    }
    for (Future<Boolean> task : tasks) {
      assertThat(task.get(60, TimeUnit.SECONDS)).isTrue();
    }
    slots.shutdown();
  }

  @Test
  void whoIsCancelledWaitsNoLonger() throws Exception {
    DecodingMemory memory = new DecodingMemory(HEAP);
    FutureTask<Void> waiting =
        new FutureTask<>(
            () -> {
              try (DecodingMemory.Share share = memory.share()) {
                share.take(300 * MEBIBYTE, 1, 1, "b.png");
                return null;
              }
            });
    Thread task = new Thread(waiting, "task");
    try (DecodingMemory.Share all = memory.share()) {
      all.take(1500 * MEBIBYTE, 1, 1, "a.png");
      task.start();
      task.interrupt();
      assertThatThrownBy(() -> waiting.get(30, TimeUnit.SECONDS))
          .hasRootCauseInstanceOf(InterruptedException.class)
          .cause()
          .isInstanceOf(DdpmException.class)
          .hasMessage("b.png was not decoded: its task was cancelled while it waited for memory.");
    }
    // Nothing of what it did not get is given back.
    try (DecodingMemory.Share all = memory.share()) {
      all.take(1500 * MEBIBYTE, 1, 1, "a.png");
    }
  }
}
