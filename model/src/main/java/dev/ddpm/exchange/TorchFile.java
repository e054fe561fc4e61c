package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorHeader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipException;

/**
 * A file of {@code torch.save}: a pickle that says which tensors there are, and the bytes of their
 * storages. What the pickle says of sizes is compared with the bytes that are there before room is
 * made for anything.
 */
final class TorchFile implements WeightsFile {
  private static final int BUFFER_BYTES = 1 << 16;

  private final Path file;
  private final Storages storages;
  private final Map<String, TorchTensor> tensors;

  /** A file of one of the two forms, open. */
  interface Storages extends AutoCloseable {
    /**
     * What its pickle says.
     *
     * @throws DdpmException (data) naming the file
     */
    Object content() throws IOException;

    /**
     * Bytes under a key, no more than the file has; 0 if there is no such key.
     *
     * @throws DdpmException (data) if the file claims to have more
     */
    long length(String key);

    /** The bytes under a key from a position on; the caller closes them. */
    InputStream open(String key, long position) throws IOException;

    @Override
    void close() throws IOException;
  }

  private TorchFile(Path file, Storages storages, Map<String, TorchTensor> tensors) {
    this.file = file;
    this.storages = storages;
    this.tensors = tensors;
  }

  /** A file as PyTorch writes it since 1.6. */
  static TorchFile zip(Path file, Optional<String> dictionary) throws IOException {
    return of(file, dictionary, TorchZip.open(file));
  }

  /** A file as PyTorch wrote it before 1.6. */
  static TorchFile legacy(Path file, Optional<String> dictionary) throws IOException {
    return of(file, dictionary, LegacyTorchFile.open(file));
  }

  private static TorchFile of(Path file, Optional<String> dictionary, Storages storages)
      throws IOException {
    try {
      Map<String, TorchTensor> tensors =
          new StateDicts(file.toString(), storages.content()).choose(dictionary);
      requireBytes(file, storages, tensors);
      return new TorchFile(file, storages, tensors);
    } catch (DdpmException | IOException refused) {
      storages.close();
      throw refused;
    }
  }

  /**
   * Many tensors of one storage, or one whose elements are all the same byte, could have any size
   * in a small file.
   */
  private static void requireBytes(Path file, Storages storages, Map<String, TorchTensor> tensors)
      throws IOException {
    long elements = 0;
    for (Map.Entry<String, TorchTensor> entry : tensors.entrySet()) {
      TorchStorage storage = entry.getValue().storage();
      long bytes = storages.length(storage.key());
      long available = bytes / storage.type().bytes();
      if (storage.offset() > available || storage.length() > available - storage.offset()) {
        throw DdpmException.data(
            "%s: tensor %s is of a storage of %d elements of type %s from element %d on, but the"
                + " file has only %d bytes of it.",
            file,
            StateDicts.shortened(entry.getKey()),
            storage.length(),
            storage.type(),
            storage.offset(),
            bytes);
      }
      elements += entry.getValue().size();
    }
    long length = Files.size(file);
    if (elements > length) {
      throw DdpmException.data(
          "%s: its tensors have %d elements together, but the file has only %d bytes.",
          file, elements, length);
    }
  }

  @Override
  public NamedTensors tensors() {
    NamedTensors named = new NamedTensors();
    tensors.forEach(
        (name, tensor) ->
            named.add(new TensorHeader(name, tensor.shape()), () -> values(name, tensor)));
    return named;
  }

  private float[] values(String name, TorchTensor tensor) {
    TorchStorage storage = tensor.storage();
    float[] span = new float[tensor.span()];
    int size = storage.type().bytes();
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    try (InputStream in =
        storages.open(storage.key(), (storage.offset() + tensor.offset()) * size)) {
      for (int done = 0; done < span.length; ) {
        int count = Math.min(span.length - done, BUFFER_BYTES / size);
        buffer.clear();
        if (in.readNBytes(buffer.array(), 0, count * size) < count * size) {
          throw DdpmException.data(
              "%s: the file ends within tensor %s.", file, StateDicts.shortened(name));
        }
        storage.type().read(buffer, span, done, count);
        done += count;
      }
    } catch (ZipException | EOFException damaged) {
      throw DdpmException.data(
          damaged, "%s is damaged within tensor %s.", file, StateDicts.shortened(name));
    } catch (IOException e) {
      throw WeightsFile.unreadable(e, file);
    }
    return tensor.rowMajor(span);
  }

  @Override
  public void close() throws IOException {
    storages.close();
  }
}
