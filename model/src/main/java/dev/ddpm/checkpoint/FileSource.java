package dev.ddpm.checkpoint;

import java.io.IOException;
import java.io.InputStream;

/** A folder of files, wherever they are, as far as they are read. */
public interface FileSource {

  /** Whether there is a file of this name. */
  boolean exists(String name) throws IOException;

  /** Opens a file for reading; the caller closes it. */
  InputStream open(String name) throws IOException;

  /** Bytes that a file has. */
  long length(String name) throws IOException;

  /** The full path or URI of a file, for messages. */
  String location(String name);
}
