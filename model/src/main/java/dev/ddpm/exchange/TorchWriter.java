package dev.ddpm.exchange;

import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.TensorHeader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes tensors as {@code torch.save} writes a state dict: an uncompressed zip file with a pickle
 * of protocol 2, an ordered dictionary of tensors, and a storage of 32-bit floats for each. The
 * same tensors always give the same bytes.
 */
public final class TorchWriter {
  /** PyTorch's loader maps storages into memory at such positions. */
  private static final int ALIGNMENT = 64;

  private static final int LOCAL_HEADER_BYTES = 30;
  private static final int EXTRA_HEADER_BYTES = 4;

  /** "FB", under which PyTorch's own padding goes. */
  private static final short PADDING = 0x4246;

  /**
   * Java takes the first day of 1980, which PyTorch writes, for one that a zip file cannot tell.
   */
  private static final LocalDateTime TIME = LocalDateTime.of(1980, 1, 2, 0, 0);

  private final ZipOutputStream zip;
  private final String folder;
  private long position;

  private TorchWriter(OutputStream out, String folder) {
    this.zip = new ZipOutputStream(out);
    this.folder = folder;
  }

  /**
   * Writes a state dict.
   *
   * @param out receives the file; left open
   * @param name of the file without its ending: PyTorch names the folder in the zip by it
   * @param tensors in their order
   */
  public static void write(OutputStream out, String name, NamedTensors tensors) throws IOException {
    TorchWriter writer = new TorchWriter(out, name + "/");
    writer.zip.setMethod(ZipOutputStream.STORED);
    writer.entry("data.pkl", pickle(tensors.headers()));
    writer.entry("byteorder", "little".getBytes(StandardCharsets.US_ASCII));
    int key = 0;
    for (TensorHeader header : tensors.headers()) {
      writer.entry("data/" + key++, littleEndian(tensors.values(header.name())));
    }
    writer.entry("version", "3\n".getBytes(StandardCharsets.US_ASCII));
    writer.zip.finish();
  }

  private void entry(String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(folder + name);
    CRC32 sum = new CRC32();
    sum.update(content);
    entry.setCrc(sum.getValue());
    entry.setSize(content.length);
    entry.setCompressedSize(content.length);
    entry.setTimeLocal(TIME);
    long unpadded =
        position
            + LOCAL_HEADER_BYTES
            + entry.getName().getBytes(StandardCharsets.UTF_8).length
            + EXTRA_HEADER_BYTES;
    int padding = (int) (ALIGNMENT - unpadded % ALIGNMENT) % ALIGNMENT;
    ByteBuffer extra =
        ByteBuffer.allocate(EXTRA_HEADER_BYTES + padding).order(ByteOrder.LITTLE_ENDIAN);
    extra.putShort(PADDING).putShort((short) padding);
    entry.setExtra(extra.array());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
    position = unpadded + padding + content.length;
  }

  private static byte[] littleEndian(float[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes.array();
  }

  private static byte[] pickle(List<TensorHeader> tensors) {
    PickleOutput out = new PickleOutput();
    out.protocol();
    out.name("collections", "OrderedDict");
    out.emptyTuple();
    out.call();
    out.mark();
    int key = 0;
    for (TensorHeader tensor : tensors) {
      out.text(tensor.name());
      tensor(out, Integer.toString(key++), tensor);
    }
    out.setItems();
    out.stop();
    return out.bytes();
  }

  private static void tensor(PickleOutput out, String key, TensorHeader tensor) {
    out.name("torch._utils", "_rebuild_tensor_v2");
    out.mark();
    out.mark();
    out.text("storage");
    out.name("torch", "FloatStorage");
    out.text(key);
    out.text("cpu");
    out.integer(tensor.size());
    out.tuple();
    out.persistent();
    out.integer(0);
    out.mark();
    tensor.shape().forEach(out::integer);
    out.tuple();
    out.mark();
    long stride = tensor.size();
    for (int extent : tensor.shape()) {
      stride = extent == 0 ? 0 : stride / extent;
      out.integer(stride);
    }
    out.tuple();
    out.booleanFalse();
    out.name("collections", "OrderedDict");
    out.emptyTuple();
    out.call();
    out.tuple();
    out.call();
  }

  /** The instructions of a pickle of protocol 2, as far as a state dict needs them. */
  private static final class PickleOutput {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    void protocol() {
      out.write(0x80);
      out.write(2);
    }

    void name(String module, String name) {
      out.writeBytes(("c" + module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    void text(String text) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      out.write('X');
      writeInt(bytes.length);
      out.writeBytes(bytes);
    }

    void integer(long value) {
      if (value >= 0 && value <= 0xff) {
        out.write('K');
        out.write((int) value);
      } else {
        out.write('J');
        writeInt(Math.toIntExact(value));
      }
    }

    void emptyTuple() {
      out.write(')');
    }

    void mark() {
      out.write('(');
    }

    void tuple() {
      out.write('t');
    }

    void call() {
      out.write('R');
    }

    void setItems() {
      out.write('u');
    }

    void persistent() {
      out.write('Q');
    }

    void booleanFalse() {
      out.write(0x89);
    }

    void stop() {
      out.write('.');
    }

    byte[] bytes() {
      return out.toByteArray();
    }

    private void writeInt(int value) {
      for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
        out.write(value >> shift);
      }
    }
  }
}
