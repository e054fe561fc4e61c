package dev.ddpm.backend.cuda.driver;

/**
 * Memory that convolutions compute in, one after the other. What was handed out is never given
 * back, because recorded work refers to it by its address; each is at least twice as large as that
 * before.
 */
final class Workspace {
  private final Card card;
  private long address;
  private long bytes;

  Workspace(Card card) {
    this.card = card;
  }

  /** Makes it large enough: before the work, which may be recorded. */
  void reserve(long needed) {
    if (needed > bytes) {
      bytes = Math.max(needed, 2 * bytes);
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
