package dev.ddpm.checkpoint;

import java.util.HexFormat;

/**
 * The identity of a set: the exclusive or of the SHA-256 of its members. It does not depend on
 * their order, and that of a whole is the exclusive or of its parts'.
 */
public final class SetDigest {
  private final byte[] whole = new byte[32];

  /**
   * Adds a member or a part.
   *
   * @param digest SHA-256 of a member that is not in the set yet, or {@link #bytes} of other
   *     members
   */
  public void add(byte[] digest) {
    for (int i = 0; i < whole.length; i++) {
      whole[i] ^= digest[i];
    }
  }

  /** The identity of what was added so far, 32 bytes. */
  public byte[] bytes() {
    return whole.clone();
  }

  /** The same as 64 hexadecimal digits. */
  public String hex() {
    return HexFormat.of().formatHex(whole);
  }
}
