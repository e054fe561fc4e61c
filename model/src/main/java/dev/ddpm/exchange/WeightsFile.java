package dev.ddpm.exchange;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.NamedTensors;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * An open file of weights that another system wrote, in one of the forms that PyTorch's world has.
 * Everything wrong with it is a {@link DdpmException} (data) that names the file.
 */
public interface WeightsFile extends Closeable {

  /**
   * Names, without what wrappers have put before all of them, and shapes; the elements are read
   * when they are asked for, until the file is closed.
   */
  NamedTensors tensors();

  /** What the file says besides, by key; files of PyTorch say nothing. */
  default Map<String, String> metadata() {
    return Map.of();
  }

  /**
   * Opens a file, whose form its first bytes tell.
   *
   * @param file a local file
   * @param dictionary which of several state dicts of a training checkpoint, such as {@code ema};
   *     empty if there is but one
   * @throws DdpmException (data) if it is none, or damaged, or asks for more than to be read;
   *     (user) if it has several state dicts and none is named, or one is named that it does not
   *     have; (environment) if it cannot be read
   */
  static WeightsFile open(Path file, Optional<String> dictionary) {
    try {
      byte[] start;
      try (InputStream in = Files.newInputStream(file)) {
        start = in.readNBytes(Long.BYTES + 1);
      }
      if (start.length > 1 && start[0] == 'P' && start[1] == 'K') {
        return TorchFile.zip(file, dictionary);
      }
      if (start.length > 1 && (start[0] & 0xff) == 0x80 && start[1] >= 2 && start[1] <= 5) {
        return TorchFile.legacy(file, dictionary);
      }
      if (start.length > Long.BYTES && start[Long.BYTES] == '{') {
        if (dictionary.isPresent()) {
          throw DdpmException.user(
              "--state-dict = %s: %s is a safetensors file, which has one state dict without a"
                  + " name.",
              dictionary.get(), file);
        }
        return new SafetensorsWeights(file);
      }
      throw DdpmException.data(
          "%s is neither a file of torch.save (zip, or as before PyTorch 1.6) nor a safetensors"
              + " file.",
          file);
    } catch (NoSuchFileException absent) {
      throw DdpmException.data("%s does not exist.", file);
    } catch (IOException e) {
      throw unreadable(e, file);
    }
  }

  /** What to throw when the file system fails. */
  static DdpmException unreadable(IOException cause, Path file) {
    return DdpmException.environment(cause, "%s cannot be read: %s.", file, cause.getMessage());
  }
}
