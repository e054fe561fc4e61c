package dev.ddpm.checkpoint;

import java.io.IOException;
import java.io.OutputStream;

/** A folder of files on some file system, as far as a model needs one. */
public interface FileStore extends FileSource {

  /**
   * Writes a file as a whole: it appears under its name, replacing what was there, only after all
   * its content is written and closed. If anything fails, nothing is left and nothing is replaced.
   */
  void create(String name, Content content) throws IOException;

  /** Removes a file; nothing happens if there is none. */
  void delete(String name) throws IOException;

  /** What a file is to contain. */
  @FunctionalInterface
  interface Content {
    /** Writes everything; the stream may be closed or left open. */
    void writeTo(OutputStream out) throws IOException;
  }
}
