package dev.ddpm.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** A folder of files on some file system, as far as a model needs one. */
public interface FileStore {

  /** Whether there is a file of this name. */
  boolean exists(String name) throws IOException;

  /** Opens a file for reading; the caller closes it. */
  InputStream open(String name) throws IOException;

  /** Bytes that a file has. */
  long length(String name) throws IOException;

  /**
   * Writes a file as a whole: it appears under its name, replacing what was there, only after all
   * its content is written and closed. If anything fails, nothing is left and nothing is replaced.
   */
  void create(String name, Content content) throws IOException;

  /** Removes a file; nothing happens if there is none. */
  void delete(String name) throws IOException;

  /** The full path or URI of a file, for messages. */
  String location(String name);

  /** What a file is to contain. */
  @FunctionalInterface
  interface Content {
    /** Writes everything; the stream may be closed or left open. */
    void writeTo(OutputStream out) throws IOException;
  }
}
