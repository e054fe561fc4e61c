package dev.ddpm.backend.cpu.vector;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/**
 * Arrays of which the value {@link #FIRST} stands at the beginning of a cache line, where the JVM
 * allows it. Elsewhere every second or, with AVX-512, every vector in them lies on two lines, which
 * takes twice as long.
 *
 * <p>The G1 collector puts an object of more than half a region at the beginning of one, and never
 * moves it. So arrays are made that large. Each has a region to itself: 1 to 32 MB, which is at
 * most a 1024th of a heap of 1 GB or more.
 */
final class AlignedArray {
  /** Index of the first value to be used: with the header of 16 bytes before it, 64 bytes. */
  static final int FIRST = 12;

  private static final int LENGTH = lengthAtBeginningOfRegion();

  private AlignedArray() {}

  /** A new array of zeros that has some values from {@link #FIRST} on. */
  static float[] of(int values) {
    return new float[Math.max(LENGTH, FIRST + values)];
  }

  /** Of an array that G1 puts there; 0 where there is no G1, or nobody who could be asked. */
  private static int lengthAtBeginningOfRegion() {
    try {
      HotSpotDiagnosticMXBean jvm =
          ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
      if (jvm == null || !Boolean.parseBoolean(jvm.getVMOption("UseG1GC").getValue())) {
        return 0;
      }
      long region = Long.parseLong(jvm.getVMOption("G1HeapRegionSize").getValue());
      return Math.toIntExact(region / 2 / Float.BYTES);
    } catch (RuntimeException | LinkageError otherJvm) {
      return 0;
    }
  }
}
