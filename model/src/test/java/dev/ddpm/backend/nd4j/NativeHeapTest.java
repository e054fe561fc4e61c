package dev.ddpm.backend.nd4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Scanner;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class NativeHeapTest {
  private static final int BLOCK = 40 << 20;
  private static final int PAGE = 4096;

  /** Unless freed memory is kept, every round trip touches new pages: one fault for each. */
  @Test
  void largeBlocksAreReusedWithoutPageFaults() throws IOException {
    NativeHeap.keepFreedMemory();
    use(BLOCK);
    long before = minorFaults();
    for (int i = 0; i < 5; i++) {
      use(BLOCK);
    }

    assertThat(minorFaults() - before).isLessThan(BLOCK / PAGE);
  }

  private static void use(long bytes) {
    Pointer block = Pointer.malloc(bytes);
    Pointer.memset(block, 1, bytes);
    Pointer.free(block);
  }

  /** The tenth field of proc(5)'s stat, counted behind the command's closing parenthesis. */
  private static long minorFaults() throws IOException {
    String stat = Files.readString(Path.of("/proc/self/stat"));
    try (Scanner fields = new Scanner(stat.substring(stat.lastIndexOf(')') + 1))) {
      fields.next();
      for (int field = 4; field < 10; field++) {
        fields.nextLong();
      }
      return fields.nextLong();
    }
  }
}
