package dev.ddpm.evaluation.classifier;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.Checksum;
import dev.ddpm.checkpoint.FileSource;
import dev.ddpm.checkpoint.FileStore;
import dev.ddpm.checkpoint.JsonFault;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.SafetensorsReader;
import dev.ddpm.checkpoint.SafetensorsWriter;
import dev.ddpm.checkpoint.StoredFormat;
import dev.ddpm.checkpoint.TensorHeader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A stored classifier: {@value #DOCUMENT}, what it looks like and where it comes from, and {@value
 * #WEIGHTS}, whose digest stands in the former. The document is written last: a folder that has one
 * is complete.
 */
public final class ClassifierFolder {
  static final String DOCUMENT = "classifier.json";
  static final String WEIGHTS = "weights.safetensors";
  private static final String CLASS_NAMES = "class_names";

  private static final StoredFormat FORMAT =
      StoredFormat.numbered(first -> first.putArray(CLASS_NAMES)).withDigestSince(1);

  /** The largest classifier has less. */
  private static final int MAXIMUM_BYTES = 1 << 24;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .build();

  private ClassifierFolder() {}

  /**
   * The document.
   *
   * @param formatVersion of {@link #FORMAT}
   * @param plan what the classifier looks like
   * @param classNames what its classes are called, by their numbers; empty if nobody said it
   * @param provenance how it was made and how good it is
   * @param weights SHA-256 of the file of the weights
   */
  record Document(
      int formatVersion,
      ClassifierPlan plan,
      List<String> classNames,
      Map<String, String> provenance,
      String weights) {}

  /**
   * Writes a classifier.
   *
   * @param folder where to
   * @param plan what it looks like
   * @param classNames what its classes are called, by their numbers; empty if that is not known
   * @param weights the tensors of the plan
   * @param provenance how it was made and how good it is, by name
   */
  public static void write(
      FileStore folder,
      ClassifierPlan plan,
      List<String> classNames,
      NamedTensors weights,
      Map<String, String> provenance) {
    try {
      ByteArrayOutputStream tensors = new ByteArrayOutputStream();
      SafetensorsWriter.write(tensors, weights);
      folder.create(WEIGHTS, out -> tensors.writeTo(out));
      var document =
          new Document(
              FORMAT.version(),
              plan,
              classNames,
              new TreeMap<>(provenance),
              digest(tensors.toByteArray()));
      byte[] json = FORMAT.write(JSON.valueToTree(document));
      folder.create(DOCUMENT, out -> out.write(json));
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "%s cannot be written: %s.", folder.location(DOCUMENT), e.getMessage());
    }
  }

  /** Reads a classifier: see {@link ClassifierSpec#read}. */
  static ClassifierSpec read(FileSource folder) {
    String location = folder.location(DOCUMENT);
    byte[] stored = bytes(folder, DOCUMENT);
    Document document = parse(FORMAT.upgrade(stored, location), location);
    int names = document.classNames().size();
    if (names > 0 && names != document.plan().classes()) {
      throw DdpmException.data(
          "%s cannot be used: it names %d classes of %d.",
          location, names, document.plan().classes());
    }
    byte[] weights = bytes(folder, WEIGHTS);
    String digest = digest(weights);
    if (!digest.equals(document.weights())) {
      throw DdpmException.data(
          "%s has the SHA-256 %s, but the classifier was written with %s: it is damaged or of"
              + " another classifier.",
          folder.location(WEIGHTS), digest, document.weights());
    }
    return new ClassifierSpec(
        document.plan(),
        document.classNames(),
        tensors(weights, document.plan(), folder.location(WEIGHTS)),
        digest);
  }

  private static byte[] bytes(FileSource folder, String name) {
    String location = folder.location(name);
    try {
      if (!folder.exists(name)) {
        throw DdpmException.data(
            "%s does not exist: this is not a folder that 'ddpm classifier' has written.",
            location);
      }
      long length = folder.length(name);
      if (length > MAXIMUM_BYTES) {
        throw DdpmException.data(
            "%s is damaged: it has %d bytes, and no such file has more than %d.",
            location, length, MAXIMUM_BYTES);
      }
      try (InputStream in = folder.open(name)) {
        return in.readAllBytes();
      }
    } catch (IOException e) {
      throw DdpmException.environment(e, "%s cannot be read: %s.", location, e.getMessage());
    }
  }

  private static Document parse(byte[] json, String location) {
    try {
      return JSON.readValue(json, Document.class);
    } catch (JsonProcessingException e) {
      throw DdpmException.data(
          e, "%s cannot be used: %s.", location, new JsonFault(JSON, e, json).reason());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static NamedTensors tensors(byte[] file, ClassifierPlan plan, String location) {
    Map<String, float[]> found = new HashMap<>();
    List<TensorHeader> expected = plan.tensors();
    try (SafetensorsReader reader =
        new SafetensorsReader(new ByteArrayInputStream(file), location)) {
      if (!List.copyOf(reader.tensors()).equals(expected)) {
        throw DdpmException.data(
            "%s has the tensors %s, but the classifier needs %s.",
            location, reader.tensors(), expected);
      }
      for (TensorHeader header : reader.tensors()) {
        found.put(header.name(), reader.readFloats());
      }
      reader.expectEnd();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    NamedTensors tensors = new NamedTensors();
    for (TensorHeader header : expected) {
      tensors.add(header, requireFinite(header, found.get(header.name()), location));
    }
    return tensors;
  }

  private static float[] requireFinite(TensorHeader header, float[] values, String location) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw DdpmException.data(
            "%s: tensor %s has the element %s: weights must be finite.",
            location, header.name(), value);
      }
    }
    return values;
  }

  private static String digest(byte[] file) {
    return HexFormat.of().formatHex(Checksum.digest().digest(file));
  }
}
