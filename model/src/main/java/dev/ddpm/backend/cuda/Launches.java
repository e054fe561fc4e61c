package dev.ddpm.backend.cuda;

/** Grids of one dimension, whose threads share the values of arrays. */
final class Launches {
  /** Threads of a block. */
  static final int THREADS = 256;

  /** More blocks than this no card has room for at a time: threads take several values then. */
  static final int MOST_BLOCKS = 2048;

  /** Values that a thread takes at once. */
  private static final int PER_THREAD = 4;

  private Launches() {}

  /** Blocks for so many values: a function of their number alone, as the order of sums is. */
  static int blocks(int count) {
    return Math.min(MOST_BLOCKS, divide(count, THREADS * PER_THREAD));
  }

  /** Starts a kernel that takes any grid of one dimension. */
  static void run(Device device, String kernel, int count, Object... arguments) {
    device.launch(kernel, blocks(count), 1, THREADS, 0, arguments);
  }

  /** a / b, rounded up, both being positive. */
  static int divide(int a, int b) {
    return (a - 1) / b + 1;
  }
}
