package dev.ddpm.image;

import dev.ddpm.DdpmException;
import java.util.concurrent.Semaphore;

/**
 * The part of a JVM's heap that large pictures are decoded in. Tasks that decode at once share it:
 * who needs more than is free waits, so that many slots do not fill the heap.
 */
final class DecodingMemory {
  private static final long MEBIBYTE = 1 << 20;

  /** Smaller ones never wait: a slot has that much for itself. */
  private static final long SMALL = 8 * MEBIBYTE;

  private final long heap;
  private final int all;
  private final Semaphore free;

  /**
   * Takes a third of a heap: what is decoded, Spark's own, and the files that wait to be decoded
   * lie in it too.
   *
   * @param heap in bytes
   */
  DecodingMemory(long heap) {
    this.heap = heap;
    all = (int) Math.max(1, heap / 3 / MEBIBYTE);
    free = new Semaphore(all, true);
  }

  /** What one decoder holds. */
  final class Share implements AutoCloseable {
    private int taken;

    /**
     * Waits for memory, if none was taken yet. A picture that needs more than there is in all has
     * all of it, and so is decoded alone.
     *
     * @param bytes how much a picture takes
     * @throws DdpmException (environment) if the heap is too small for that picture even alone, or
     *     if the thread is interrupted while it waits
     */
    void take(long bytes, long height, long width, String name) {
      if (taken > 0 || bytes < SMALL) {
        return;
      }
      if (bytes > heap / 4 * 3) {
        throw DdpmException.environment(
            "%s has %d×%d pixels (height×width), and decoding it takes %d MiB, but the heap of this"
                + " JVM has %d MiB: give at least --memory %dm.",
            name, height, width, mebibytes(bytes), heap / MEBIBYTE, mebibytes(bytes) * 3 / 2);
      }
      int wanted = (int) Math.min(all, mebibytes(bytes));
      try {
        free.acquire(wanted);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw DdpmException.environment(
            e, "%s was not decoded: its task was cancelled while it waited for memory.", name);
      }
      taken = wanted;
    }

    /** Gives it back. */
    @Override
    public void close() {
      free.release(taken);
    }
  }

  /** Holds nothing yet. */
  Share share() {
    return new Share();
  }

  private static long mebibytes(long bytes) {
    return (bytes + MEBIBYTE - 1) / MEBIBYTE;
  }
}
