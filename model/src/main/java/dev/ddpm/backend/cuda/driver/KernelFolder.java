package dev.ddpm.backend.cuda.driver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder with compiled code, in files that are named by the digest of what it was made of. A file
 * is the code behind its own digest: one that is damaged is made anew.
 */
final class KernelFolder {
  private static final Logger LOG = LoggerFactory.getLogger(KernelFolder.class);

  private final Path folder;

  /** One that need not be there yet. */
  KernelFolder(Path folder) {
    this.folder = folder;
  }

  /**
   * The code that was made of something, or is made of it now.
   *
   * @param of all that it depends on
   */
  byte[] code(List<String> of, Supplier<byte[]> compile) {
    Path file = file(of);
    Optional<byte[]> kept = read(file);
    if (kept.isPresent()) {
      return kept.get();
    }
    byte[] code = compile.get();
    write(file, code);
    return code;
  }

  /** Where it is kept. */
  Path file(List<String> of) {
    MessageDigest digest = digest();
    for (String part : of) {
      digest.update(part.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
    }
    return folder.resolve(HexFormat.of().formatHex(digest.digest()) + ".code");
  }

  private static Optional<byte[]> read(Path file) {
    byte[] all;
    try {
      all = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      LOG.warn("{} cannot be read ({}): kernels are compiled again", file, e.toString());
      return Optional.empty();
    }
    int length = digest().getDigestLength();
    byte[] code = Arrays.copyOfRange(all, Math.min(length, all.length), all.length);
    if (!Arrays.equals(digest().digest(code), Arrays.copyOf(all, length))) {
      LOG.warn("{} is damaged: kernels are compiled again", file);
      return Optional.empty();
    }
    return Optional.of(code);
  }

  /** Writes another file first: a process that is ended meanwhile leaves nothing half. */
  private static void write(Path file, byte[] code) {
    try {
      Files.createDirectories(file.getParent());
      byte[] digest = digest().digest(code);
      byte[] all = Arrays.copyOf(digest, digest.length + code.length);
      System.arraycopy(code, 0, all, digest.length, code.length);
      Path unfinished = Files.createTempFile(file.getParent(), "unfinished", ".code");
      try {
        Files.write(unfinished, all);
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(unfinished);
      }
    } catch (IOException e) {
      LOG.warn("Kernels are not kept in {} ({})", file, e.toString());
    }
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }
}
