package dev.ddpm.evaluation.classifier;

import dev.ddpm.checkpoint.FileSource;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;

/** A folder beside these classes, in the jar. */
final class ResourceFolder implements FileSource {
  private final String folder;

  ResourceFolder(String folder) {
    this.folder = folder;
  }

  @Override
  public boolean exists(String name) {
    return ResourceFolder.class.getResource(folder + "/" + name) != null;
  }

  @Override
  public InputStream open(String name) throws IOException {
    InputStream stream = ResourceFolder.class.getResourceAsStream(folder + "/" + name);
    if (stream == null) {
      throw new FileNotFoundException(location(name));
    }
    return stream;
  }

  @Override
  public long length(String name) throws IOException {
    try (InputStream in = open(name)) {
      return in.readAllBytes().length;
    }
  }

  @Override
  public String location(String name) {
    return "resource " + folder + "/" + name;
  }
}
