package dev.ddpm.backend.cuda;

/** Results that a card's library has in bfloat16 alone, brought to float32. */
public final class Widening {
  private Widening() {}

  /** What starts kernels: see {@link Device#launch}. */
  @FunctionalInterface
  public interface Launcher {
    /** Starts a kernel. */
    void launch(
        String kernel, int blocksX, int blocksY, int threads, int sharedBytes, Object... arguments);
  }

  /**
   * Widens values.
   *
   * @param narrow address of bfloat16 values
   * @param wide address that receives float32 values
   */
  public static void run(Launcher launcher, long narrow, long wide, int count) {
    launcher.launch(
        "widenBfloat16", Launches.blocks(count), 1, Launches.THREADS, 0, narrow, wide, count);
  }
}
