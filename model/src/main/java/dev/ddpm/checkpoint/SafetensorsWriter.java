package dev.ddpm.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes a safetensors file to a stream, tensor by tensor: the length of the header as 8 bytes
 * (little-endian), the header (JSON, padded with blanks to a multiple of 8), the elements
 * (little-endian, row-major, without gaps). The same tensors always give the same bytes.
 */
public final class SafetensorsWriter implements Closeable {
  private static final int ALIGNMENT = 8;
  private static final int BUFFER_BYTES = 1 << 16;

  private final OutputStream out;
  private final List<TensorHeader> tensors;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private int written;

  /**
   * Writes the header.
   *
   * @param out receives the file; closed with this writer
   * @param tensors the tensors in the order in which they will be written
   * @param metadata free text by key
   */
  SafetensorsWriter(OutputStream out, List<TensorHeader> tensors, Map<String, String> metadata)
      throws IOException {
    this.out = out;
    this.tensors = List.copyOf(tensors);
    byte[] header = header(this.tensors, metadata);
    buffer.putLong(header.length);
    flushBuffer();
    out.write(header);
  }

  /**
   * Writes a file of tensors.
   *
   * @param out receives it; closed
   * @param tensors one of them is in memory at a time if they are computed when asked for
   */
  public static void write(OutputStream out, NamedTensors tensors) throws IOException {
    write(out, tensors, Map.of());
  }

  /**
   * Writes a file of tensors.
   *
   * @param out receives it; closed
   * @param tensors one of them is in memory at a time if they are computed when asked for
   * @param metadata what the file says besides, by key
   */
  public static void write(OutputStream out, NamedTensors tensors, Map<String, String> metadata)
      throws IOException {
    Map<String, String> told = new TreeMap<>(metadata);
    // What a file of PyTorch's tensors says of itself, and diffusers asks for.
    told.put("format", "pt");
    try (SafetensorsWriter writer = new SafetensorsWriter(out, tensors.headers(), told)) {
      for (TensorHeader header : tensors.headers()) {
        writer.write(tensors.values(header.name()));
      }
    }
  }

  private static byte[] header(List<TensorHeader> tensors, Map<String, String> metadata)
      throws IOException {
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    try (JsonGenerator generator = new JsonFactory().createGenerator(json)) {
      generator.writeStartObject();
      if (!metadata.isEmpty()) {
        generator.writeObjectFieldStart(SafetensorsReader.METADATA);
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
          generator.writeStringField(entry.getKey(), entry.getValue());
        }
        generator.writeEndObject();
      }
      long offset = 0;
      for (TensorHeader tensor : tensors) {
        long end = offset + tensor.size() * Float.BYTES;
        generator.writeObjectFieldStart(tensor.name());
        generator.writeStringField("dtype", TensorHeader.ELEMENT_TYPE);
        generator.writeFieldName("shape");
        generator.writeArray(
            tensor.shape().stream().mapToInt(Integer::intValue).toArray(),
            0,
            tensor.shape().size());
        generator.writeFieldName("data_offsets");
        generator.writeArray(new long[] {offset, end}, 0, 2);
        generator.writeEndObject();
        offset = end;
      }
      generator.writeEndObject();
    }
    byte[] unpadded = json.toByteArray();
    int padded = (unpadded.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    byte[] header = Arrays.copyOf(unpadded, padded);
    Arrays.fill(header, unpadded.length, padded, " ".getBytes(StandardCharsets.US_ASCII)[0]);
    return header;
  }

  /**
   * Writes the next tensor.
   *
   * @throws IllegalArgumentException unless the next tensor holds that many floats
   */
  void write(float[] values) throws IOException {
    expect(values.length);
    for (float value : values) {
      if (buffer.remaining() < Float.BYTES) {
        flushBuffer();
      }
      buffer.putFloat(value);
    }
    flushBuffer();
  }

  private void expect(int length) {
    if (written == tensors.size()) {
      throw new IllegalArgumentException("all " + written + " tensors are written already");
    }
    TensorHeader tensor = tensors.get(written);
    if (tensor.size() != length) {
      throw new IllegalArgumentException(
          "the next tensor is "
              + tensor
              + ", not one of "
              + length
              + " "
              + TensorHeader.ELEMENT_TYPE);
    }
    written++;
  }

  private void flushBuffer() throws IOException {
    out.write(buffer.array(), 0, buffer.position());
    buffer.clear();
  }

  /**
   * Closes the stream.
   *
   * @throws IOException if tensors are missing
   */
  @Override
  public void close() throws IOException {
    out.close();
    if (written < tensors.size()) {
      throw new IOException("tensor " + tensors.get(written).name() + " was never written");
    }
  }
}
