package dev.ddpm.exchange;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Files of {@code torch.save}, made of the instructions of their pickles. */
final class TorchBytes {
  private TorchBytes() {}

  /** Instructions, Latin-1: what a letter cannot be is written as an escape. */
  static byte[] pickle(String instructions) {
    return ("\u0080\u0002" + instructions + ".").getBytes(StandardCharsets.ISO_8859_1);
  }

  /** A pickle that PyTorch has written. */
  static byte[] resource(String name) {
    try (InputStream in = TorchBytes.class.getResourceAsStream("/torch/" + name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Pushes a text. */
  static String text(String text) {
    return "X" + number(text.length()) + text;
  }

  /** Pushes a number. */
  static String integer(long value) {
    StringBuilder bytes = new StringBuilder("\u008a\b");
    for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
      bytes.append((char) ((value >> shift) & 0xff));
    }
    return bytes.toString();
  }

  /** Pushes a dictionary of texts and instructions that push a value. */
  static String dictionary(Map<String, String> items) {
    StringBuilder all = new StringBuilder("}(");
    items.forEach((key, value) -> all.append(text(key)).append(value));
    return all.append("u").toString();
  }

  /** Pushes a reference to a storage. */
  static String storage(String type, String key, long length) {
    return "("
        + text("storage")
        + "ctorch\n"
        + type
        + "\n"
        + text(key)
        + text("cpu")
        + integer(length)
        + "tQ";
  }

  /** Pushes a tensor. */
  static String tensor(String storage, long offset, List<Long> shape, List<Long> strides) {
    return "ctorch._utils\n_rebuild_tensor_v2\n("
        + storage
        + integer(offset)
        + tuple(shape)
        + tuple(strides)
        + "\u0089ccollections\nOrderedDict\n)RtR";
  }

  private static String tuple(List<Long> values) {
    StringBuilder all = new StringBuilder("(");
    values.forEach(value -> all.append(integer(value)));
    return all.append("t").toString();
  }

  private static String number(int value) {
    StringBuilder bytes = new StringBuilder();
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      bytes.append((char) ((value >> shift) & 0xff));
    }
    return bytes.toString();
  }

  /** Bytes of floats. */
  static byte[] floats(float... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }

  /** A zip file as PyTorch writes it. */
  static byte[] zip(byte[] pickle, Map<String, byte[]> storages) {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("archive/data.pkl", pickle);
    storages.forEach((key, bytes) -> entries.put("archive/data/" + key, bytes));
    entries.put("archive/version", "3\n".getBytes(StandardCharsets.US_ASCII));
    return zip(entries, ZipEntry.STORED);
  }

  /** A zip file of any entries. */
  static byte[] zip(Map<String, byte[]> entries, int method) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(file)) {
      for (Map.Entry<String, byte[]> content : entries.entrySet()) {
        ZipEntry entry = new ZipEntry(content.getKey());
        entry.setMethod(method);
        if (method == ZipEntry.STORED) {
          CRC32 sum = new CRC32();
          sum.update(content.getValue());
          entry.setCrc(sum.getValue());
          entry.setSize(content.getValue().length);
        }
        zip.putNextEntry(entry);
        zip.write(content.getValue());
        zip.closeEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file.toByteArray();
  }

  /** A file as PyTorch wrote it before 1.6. */
  static byte[] legacy(byte[] pickle, Map<String, byte[]> storages, int elementBytes) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.writeBytes(pickle("\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019"));
    file.writeBytes(pickle("M\u00e9\u0003"));
    file.writeBytes(
        pickle(dictionary(Map.of("protocol_version", "M\u00e9\u0003", "little_endian", "\u0088"))));
    file.writeBytes(pickle);
    StringBuilder keys = new StringBuilder("](");
    storages.keySet().forEach(key -> keys.append(text(key)));
    file.writeBytes(pickle(keys + "e"));
    for (byte[] bytes : storages.values()) {
      file.writeBytes(
          ByteBuffer.allocate(Long.BYTES)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(bytes.length / elementBytes)
              .array());
      file.writeBytes(bytes);
    }
    return file.toByteArray();
  }
}
