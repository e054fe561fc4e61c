package dev.ddpm.backend.nd4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two threads that are the first of their process to use native libraries, each by another door.
 */
class NativeDoorsTest {
  /** Far above the seconds that it takes. */
  private static final int MINUTES = 5;

  @TempDir Path folder;

  @Test
  void threadsThatEnterAtOnceDoNotWaitForEachOther() throws Exception {
    Path log = folder.resolve("log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Entering.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      assertThat(process.waitFor(MINUTES, TimeUnit.MINUTES))
          .as("ends; output:%n%s", Files.readString(log))
          .isTrue();
    } finally {
      process.destroyForcibly();
    }

    assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    assertThat(Files.readAllLines(log))
        .contains("bound 8589934592")
        .containsAnyOf("on the CPU: true", "on the CPU: false");
  }

  /**
   * Stops the thread that asks for the bound of memory where JavaCPP's Pointer, half initialised,
   * is about to load a library, until the other one has begun to load one, or waits for the first.
   */
  static final class Entering {
    private static final CountDownLatch IN_POINTER = new CountDownLatch(1);
    private static final String BOUND = "org.bytedeco.javacpp.maxPhysicalBytes";

    /** What Pointer reads last before it loads a library. */
    private static final String LAST_OF_POINTER = "org.bytedeco.javacpp.maxRetries";

    private Entering() {}

    public static void main(String[] args) throws InterruptedException {
      var loading =
          new Thread(
              () -> {
                await(IN_POINTER);
                System.out.println("on the CPU: " + Nd4jNatives.isCpu());
              });
      var asking = new Thread(() -> System.out.println("bound " + Nd4jNatives.maxPhysicalBytes()));
      System.setProperties(new Stopping(System.getProperties(), asking, loading));
      System.setProperty(BOUND, "8g");
      for (Thread thread : List.of(loading, asking)) {
        thread.start();
      }
      for (Thread thread : List.of(loading, asking)) {
        thread.join();
      }
    }

    private static void await(CountDownLatch latch) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    private static final class Stopping extends Properties {
      private static final long serialVersionUID = 1L;

      private final transient Thread asking;
      private final transient Thread loading;

      Stopping(Properties properties, Thread asking, Thread loading) {
        putAll(properties);
        this.asking = asking;
        this.loading = loading;
      }

      @Override
      public String getProperty(String key) {
        if (key.equals(LAST_OF_POINTER) && Thread.currentThread() == asking) {
          IN_POINTER.countDown();
          waitForTheOther();
        }
        return super.getProperty(key);
      }

      /** It is where it gets to when its stack stays the same. */
      private void waitForTheOther() {
        try {
          for (int same = 0; same < 10; ) {
            StackTraceElement[] before = loading.getStackTrace();
            Thread.sleep(100);
            same = List.of(before).equals(List.of(loading.getStackTrace())) ? same + 1 : 0;
          }
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }
}
