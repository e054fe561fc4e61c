package dev.ddpm.spark.io;

import java.io.IOException;

/**
 * The bytes of a file are not those that were written. Unlike other exceptions of reading, it says
 * something of the file and nothing of the machine: to read it again will not help.
 */
public final class DamagedFileException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The message says in half a sentence what is wrong, without naming the file. */
  public DamagedFileException(String reason) {
    super(reason);
  }

  /** The same, with what found it. */
  public DamagedFileException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
