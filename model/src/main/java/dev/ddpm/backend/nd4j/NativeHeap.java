package dev.ddpm.backend.nd4j;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the C library keep the memory that native operations free. A convolution takes tens of
 * megabytes for its scratch memory and frees them when it is done; glibc gives blocks of that size
 * back to the kernel at once, which hands them out again page by page, zeroed. Up to nine tenths of
 * a backward pass went there.
 *
 * <p>The price is that a process stays as large as it once was. Blocks above 64 MiB are only kept
 * in the C library's main arena: start the process with {@code MALLOC_ARENA_MAX=1} to make all
 * threads use it.
 */
final class NativeHeap {
  private static final Logger LOG = LoggerFactory.getLogger(NativeHeap.class);

  /** Parameters of mallopt(3), from glibc's malloc.h. */
  private static final int TRIM_THRESHOLD = -1;

  private static final int TOP_PAD = -2;
  private static final int MMAP_MAX = -4;

  private static final int PAD = 256 << 20;

  private NativeHeap() {}

  /** Asks for it where the C library is glibc; elsewhere nothing changes. */
  static void keepFreedMemory() {
    try {
      Function mallopt = NativeLibrary.getInstance("c").getFunction("mallopt");
      set(mallopt, MMAP_MAX, 0);
      set(mallopt, TRIM_THRESHOLD, Integer.MAX_VALUE);
      set(mallopt, TOP_PAD, PAD);
    } catch (LinkageError e) {
      // no mallopt in this C library, or no folder for JNA's own library
      LOG.debug("Freed memory may go back to the system, and convolutions be slow.", e);
    }
  }

  private static void set(Function mallopt, int parameter, int value) {
    if (mallopt.invokeInt(new Object[] {parameter, value}) != 1) {
      LOG.warn("mallopt({}, {}) was refused: convolutions may be slow.", parameter, value);
    }
  }
}
