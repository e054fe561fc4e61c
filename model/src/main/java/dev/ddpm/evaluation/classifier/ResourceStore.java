package dev.ddpm.evaluation.classifier;

import dev.ddpm.checkpoint.FileStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;

/** A folder beside these classes, in the jar: it can only be read. */
final class ResourceStore implements FileStore {
  private final String folder;

  ResourceStore(String folder) {
    this.folder = folder;
  }

  @Override
  public boolean exists(String name) {
    return ResourceStore.class.getResource(folder + "/" + name) != null;
  }

  @Override
  public InputStream open(String name) throws IOException {
    InputStream stream = ResourceStore.class.getResourceAsStream(folder + "/" + name);
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
  public void create(String name, Content content) {
    throw new UnsupportedOperationException(location(name));
  }

  @Override
  public void delete(String name) {
    throw new UnsupportedOperationException(location(name));
  }

  @Override
  public String location(String name) {
    return "resource " + folder + "/" + name;
  }
}
