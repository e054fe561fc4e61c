package dev.ddpm.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import java.io.CharConversionException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a safetensors file from a stream, tensor by tensor in the order of their data. The header
 * is checked before any data is read: a known element type, sizes that fit the shapes, and data
 * without gaps or overlaps; {@link #expectEnd} after the last tensor checks that nothing follows.
 *
 * <p>Everything wrong with the file is a {@link DdpmException} (data) that names the file and,
 * where there is one, the tensor.
 */
public final class SafetensorsReader implements Closeable {
  /** The key of the free text in the header. */
  static final String METADATA = "__metadata__";

  private static final int MAXIMUM_HEADER_BYTES = 100_000_000;
  private static final int BUFFER_BYTES = 1 << 16;

  /** Elements that room is made for before any is there: a short file may announce billions. */
  private static final int UNSEEN_ELEMENTS = 1 << 24;

  /** The longest array that every virtual machine allows. */
  private static final int MAXIMUM_ELEMENTS = Integer.MAX_VALUE - 8;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final InputStream in;
  private final String file;
  private final Set<ElementType> readable;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final Map<String, String> metadata;
  private final List<Entry> entries;
  private final long length;
  private int taken;

  private record Entry(TensorHeader header, ElementType type, long begin, long end) {}

  /**
   * Reads and checks the header of a file of 32-bit floats.
   *
   * @param in the file; closed with this reader
   * @param file how messages name the file
   * @throws DdpmException (data) if it is no safetensors file, or not one that can be read here
   */
  public SafetensorsReader(InputStream in, String file) throws IOException {
    this(in, file, EnumSet.of(ElementType.F32));
  }

  private SafetensorsReader(InputStream in, String file, Set<ElementType> readable)
      throws IOException {
    this.in = in;
    this.file = file;
    this.readable = readable;
    byte[] text = readText();
    JsonNode header = parse(text);
    this.metadata = readMetadata(header);
    this.entries = readTensors(header);
    long data = entries.isEmpty() ? 0 : entries.get(entries.size() - 1).end();
    this.length = Long.BYTES + text.length + data;
  }

  /**
   * Reads and checks the header of a file of another system, whose elements may be of any type and
   * become 32-bit floats.
   *
   * @param in the file; closed with the reader
   * @param file how messages name the file
   * @throws DdpmException (data) as of the constructor
   */
  public static SafetensorsReader widening(InputStream in, String file) throws IOException {
    return new SafetensorsReader(in, file, EnumSet.allOf(ElementType.class));
  }

  /** Bytes that the file has if nothing is missing and nothing follows. */
  public long length() {
    return length;
  }

  /** The free text of the header, by key. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** The tensors in the order in which they can be read. */
  public List<TensorHeader> tensors() {
    return entries.stream().map(Entry::header).toList();
  }

  /**
   * Reads the elements of the next tensor.
   *
   * @throws DdpmException (data) if the file ends before the tensor does
   */
  public float[] readFloats() throws IOException {
    Entry entry = next();
    int size = (int) entry.header().size();
    float[] values = new float[Math.min(size, UNSEEN_ELEMENTS)];
    for (int done = 0; done < size; ) {
      if (done == values.length) {
        values = Arrays.copyOf(values, (int) Math.min(size, 2L * done));
      }
      int count = Math.min(values.length - done, BUFFER_BYTES / entry.type().bytes());
      fill(count * entry.type().bytes(), entry.header());
      entry.type().read(buffer, values, done, count);
      done += count;
    }
    return values;
  }

  /** Checks that the file ends with its last tensor. Every tensor must have been read. */
  public void expectEnd() throws IOException {
    if (taken < entries.size()) {
      throw new IllegalStateException(
          "tensor " + entries.get(taken).header().name() + " was not read");
    }
    if (in.read() >= 0) {
      throw DdpmException.data("%s: data follow after the last tensor.", file);
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private Entry next() {
    if (taken == entries.size()) {
      throw new IllegalStateException("all " + taken + " tensors are read already");
    }
    return entries.get(taken++);
  }

  private void fill(int bytes, TensorHeader tensor) throws IOException {
    buffer.clear();
    int read = in.readNBytes(buffer.array(), 0, bytes);
    if (read < bytes) {
      throw DdpmException.data("%s: the file ends within tensor %s.", file, tensor.name());
    }
    buffer.limit(bytes);
  }

  private byte[] readText() throws IOException {
    buffer.clear();
    if (in.readNBytes(buffer.array(), 0, Long.BYTES) < Long.BYTES) {
      throw DdpmException.data("%s: not a safetensors file: shorter than 8 bytes.", file);
    }
    long length = buffer.getLong(0);
    if (length < 2 || length > MAXIMUM_HEADER_BYTES) {
      throw DdpmException.data(
          "%s: not a safetensors file: its header would have %s bytes, and 2 to %d are allowed.",
          file, Long.toUnsignedString(length), MAXIMUM_HEADER_BYTES);
    }
    byte[] bytes = in.readNBytes((int) length);
    if (bytes.length < length) {
      throw DdpmException.data("%s: the file ends within its header of %d bytes.", file, length);
    }
    return bytes;
  }

  private JsonNode parse(byte[] bytes) throws IOException {
    JsonNode header;
    try {
      header = JSON.readTree(bytes);
    } catch (JsonProcessingException e) {
      throw DdpmException.data(
          e, "%s: the header is not valid JSON: %s.", file, JsonFault.syntax(e));
    } catch (CharConversionException e) {
      throw DdpmException.data(e, "%s: the header is not valid JSON: it is not UTF-8.", file);
    }
    if (!header.isObject()) {
      throw DdpmException.data("%s: the header is not a JSON object.", file);
    }
    return header;
  }

  private Map<String, String> readMetadata(JsonNode header) {
    Map<String, String> text = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : header.path(METADATA).properties()) {
      if (!field.getValue().isTextual()) {
        throw DdpmException.data(
            "%s: metadata %s is %s, but text is needed.", file, field.getKey(), field.getValue());
      }
      text.put(field.getKey(), field.getValue().textValue());
    }
    return Collections.unmodifiableMap(text);
  }

  private List<Entry> readTensors(JsonNode header) {
    List<Entry> found = new ArrayList<>();
    for (Map.Entry<String, JsonNode> field : header.properties()) {
      if (!field.getKey().equals(METADATA)) {
        found.add(readEntry(field.getKey(), field.getValue()));
      }
    }
    // An empty tensor shares its offset with its successor: it has to come first.
    found.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    long offset = 0;
    for (Entry entry : found) {
      if (entry.begin() != offset) {
        throw DdpmException.data(
            "%s: the data of tensor %s begin at byte %d, but the tensor before it ends at byte"
                + " %d: gaps and overlaps are not allowed.",
            file, entry.header().name(), entry.begin(), offset);
      }
      offset = entry.end();
    }
    return found;
  }

  private Entry readEntry(String name, JsonNode json) {
    ElementType type = elementType(name, json.path("dtype"));
    List<Integer> shape = new ArrayList<>();
    Iterator<JsonNode> extents = array(name, json, "shape").elements();
    long elements = 1;
    while (extents.hasNext()) {
      JsonNode extent = extents.next();
      if (!extent.isInt() || extent.intValue() < 0) {
        throw malformed(name, "shape", json);
      }
      shape.add(extent.intValue());
      elements *= extent.intValue();
      if (elements > MAXIMUM_ELEMENTS) {
        throw DdpmException.data(
            "%s: tensor %s of shape %s has too many elements: at most %d are allowed.",
            file, name, json.get("shape"), MAXIMUM_ELEMENTS);
      }
    }
    JsonNode offsets = array(name, json, "data_offsets");
    if (offsets.size() != 2 || !isOffset(offsets.get(0)) || !isOffset(offsets.get(1))) {
      throw malformed(name, "data_offsets", json);
    }
    long begin = offsets.get(0).longValue();
    long end = offsets.get(1).longValue();
    if (end - begin != elements * type.bytes()) {
      throw DdpmException.data(
          "%s: tensor %s of type %s and shape %s needs %d bytes, but data_offsets %s give it %d.",
          file, name, type, json.get("shape"), elements * type.bytes(), offsets, end - begin);
    }
    return new Entry(new TensorHeader(name, shape), type, begin, end);
  }

  /** A fraction could be converted too, by leaving off what makes it one. */
  private static boolean isOffset(JsonNode offset) {
    return offset.isIntegralNumber() && offset.canConvertToLong() && offset.longValue() >= 0;
  }

  private ElementType elementType(String name, JsonNode dtype) {
    return ElementType.named(dtype.asText())
        .filter(readable::contains)
        .orElseThrow(
            () ->
                DdpmException.data(
                    "%s: tensor %s has elements of type %s, but only %s can be read.",
                    file,
                    name,
                    JsonFault.shortened(dtype.asText("none")),
                    readable.size() == 1 ? TensorHeader.ELEMENT_TYPE : ElementType.names()));
  }

  private JsonNode array(String name, JsonNode json, String key) {
    JsonNode array = json.path(key);
    if (!array.isArray()) {
      throw malformed(name, key, json);
    }
    return array;
  }

  private DdpmException malformed(String name, String key, JsonNode json) {
    return DdpmException.data(
        "%s: tensor %s has the %s %s: a list of non-negative integers is needed.",
        file, name, key, JsonFault.shortened(json.path(key).toString()));
  }
}
