package dev.ddpm.backend.cpu.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class AlignedArrayTest {
  private static final int HEADER_BYTES = 16;

  private final HotSpotDiagnosticMXBean jvm =
      ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);

  @Test
  void hasRoomForValuesAfterTheFirst() {
    assertThat(AlignedArray.of(1)).hasSizeGreaterThan(AlignedArray.FIRST);
    int more = 1 << 24;
    assertThat(AlignedArray.of(more)).hasSize(AlignedArray.FIRST + more);
  }

  /** G1 puts an object of more than half a region at the beginning of one. */
  @Test
  void isLargerThanHalfARegion() {
    assumeTrue(Boolean.parseBoolean(option("UseG1GC")), "G1 alone has regions");
    long region = Long.parseLong(option("G1HeapRegionSize"));
    assertThat(region).isPositive();
    assertThat(HEADER_BYTES + (long) Float.BYTES * AlignedArray.of(1).length)
        .isGreaterThan(region / 2);
  }

  private String option(String name) {
    return jvm.getVMOption(name).getValue();
  }
}
