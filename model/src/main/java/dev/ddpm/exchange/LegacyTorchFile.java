package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ElementType;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A file of {@code torch.save} before 1.6: five pickles (a magic number, a version, the machine,
 * what was saved, and the keys of the storages), and for each key the number of its elements, in 8
 * bytes, and the elements.
 */
final class LegacyTorchFile implements TorchFile.Storages {
  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final long VERSION = 1001;

  private final Path file;
  private final Object content;
  private final Map<String, Span> spans;

  /** Where bytes are in the file. */
  private record Span(long begin, long length) {}

  private LegacyTorchFile(Path file, Object content, Map<String, Span> spans) {
    this.file = file;
    this.content = content;
    this.spans = spans;
  }

  /**
   * Opens a file.
   *
   * @throws DdpmException (data) if it is damaged, or asks for more than to be read
   */
  static LegacyTorchFile open(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      return read(file, channel);
    } catch (DdpmException refused) {
      throw DdpmException.data(refused, "%s cannot be used: %s", file, refused.getMessage());
    }
  }

  private static LegacyTorchFile read(Path file, FileChannel channel) throws IOException {
    long length = channel.size();
    PickleInput in =
        new PickleInput(new BufferedInputStream(Channels.newInputStream(channel)), length);
    PickleNames names = new PickleNames();
    if (!MAGIC.equals(Pickle.read(in, names))) {
      throw DdpmException.data("it is a pickle, but none of torch.save.");
    }
    if (!Long.valueOf(VERSION).equals(Pickle.read(in, names))) {
      throw DdpmException.data("it is of another version than %d.", VERSION);
    }
    if (Pickle.read(in, names) instanceof Map<?, ?> machine
        && Boolean.FALSE.equals(machine.get("little_endian"))) {
      throw DdpmException.data("it was written on a machine of another byte order.");
    }
    Object content = Pickle.read(in, names);
    List<?> keys = Pickle.list(Pickle.read(in, names));
    return new LegacyTorchFile(file, content, spans(channel, in.taken(), keys, names.storages()));
  }

  private static Map<String, Span> spans(
      FileChannel channel, long begin, List<?> keys, Map<String, ElementType> types)
      throws IOException {
    Map<String, Span> spans = new HashMap<>();
    long at = begin;
    for (Object key : keys) {
      if (!(key instanceof String name) || !types.containsKey(name)) {
        throw DdpmException.data("it lists a storage that no tensor uses.");
      }
      channel.position(at);
      long room = channel.size() - at - Long.BYTES;
      long elements =
          room < 0 ? -1 : new PickleInput(Channels.newInputStream(channel), 8).signedLong();
      int size = types.get(name).bytes();
      if (elements < 0 || elements > room / size) {
        throw DdpmException.data("it ends within its tensors, or is damaged.");
      }
      spans.put(name, new Span(at + Long.BYTES, elements * size));
      at += Long.BYTES + elements * size;
    }
    return spans;
  }

  @Override
  public Object content() {
    return content;
  }

  @Override
  public long length(String key) {
    Span span = spans.get(key);
    return span == null ? 0 : span.length();
  }

  @Override
  public InputStream open(String key, long position) throws IOException {
    InputStream in = Files.newInputStream(file);
    in.skipNBytes(spans.get(key).begin() + position);
    return in;
  }

  @Override
  public void close() {
    // Nothing stays open between two tensors.
  }
}
