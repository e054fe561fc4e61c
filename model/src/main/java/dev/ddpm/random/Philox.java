package dev.ddpm.random;

/**
 * The block function Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011): a bijection of 128-bit counters, chosen by a 64-bit key. Holds the four words of the
 * last block.
 */
final class Philox {
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final int ROUNDS = 10;
  private static final long LOW_WORD = 0xFFFFFFFFL;

  int word0;
  int word1;
  int word2;
  int word3;

  /** Computes the block of counter (c0, c1, c2, c3) under the key (low word, high word). */
  void block(int c0, int c1, int c2, int c3, long key) {
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    int x0 = c0;
    int x1 = c1;
    int x2 = c2;
    int x3 = c3;
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = MULTIPLIER_0 * (x0 & LOW_WORD);
      long product1 = MULTIPLIER_1 * (x2 & LOW_WORD);
      x0 = (int) (product1 >>> 32) ^ x1 ^ k0;
      x2 = (int) (product0 >>> 32) ^ x3 ^ k1;
      x1 = (int) product1;
      x3 = (int) product0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    word0 = x0;
    word1 = x1;
    word2 = x2;
    word3 = x3;
  }
}
