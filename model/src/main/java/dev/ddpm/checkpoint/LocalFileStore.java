package dev.ddpm.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** A folder of the local file system. */
public final class LocalFileStore implements FileStore {
  private final Path folder;

  /** The files of a folder, which is made when the first file is written. */
  public LocalFileStore(Path folder) {
    this.folder = folder;
  }

  @Override
  public boolean exists(String name) {
    return Files.isRegularFile(folder.resolve(name));
  }

  @Override
  public InputStream open(String name) throws IOException {
    return Files.newInputStream(folder.resolve(name));
  }

  @Override
  public long length(String name) throws IOException {
    return Files.size(folder.resolve(name));
  }

  @Override
  public void create(String name, Content content) throws IOException {
    Files.createDirectories(folder);
    Path temporary = Files.createTempFile(folder, "." + name, ".tmp");
    try {
      try (OutputStream out = Files.newOutputStream(temporary)) {
        content.writeTo(out);
      }
      // Otherwise the name may reach the disk before the content, and a power cut leaves a husk.
      try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.move(
          temporary,
          folder.resolve(name),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  @Override
  public void delete(String name) throws IOException {
    Files.deleteIfExists(folder.resolve(name));
  }

  @Override
  public String location(String name) {
    return folder.resolve(name).toString();
  }
}
