package dev.ddpm.backend.cuda.driver;

import java.util.stream.LongStream;

/**
 * Memory that convolutions compute in, one after the other. What was handed out is never given
 * back, because recorded work refers to it by its address: few sizes bound what is left behind.
 */
final class Workspace {
  /** Together 1.3 GiB; factors that are widened beside windows of images can take some more. */
  private static final long[] SIZES = {64L << 20, 256L << 20, 1L << 30};

  private final Card card;
  private long address;
  private long bytes;

  Workspace(Card card) {
    this.card = card;
  }

  /** Makes it large enough: before the work, which may be recorded. */
  void reserve(long needed) {
    if (needed > bytes) {
      bytes = LongStream.of(SIZES).filter(size -> size >= needed).findFirst().orElse(needed);
      address = card.allocate(bytes);
    }
  }

  long address() {
    return address;
  }

  long bytes() {
    return bytes;
  }
}
