package dev.ddpm.checkpoint;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.EnumFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import dev.ddpm.diffusion.ScheduleKind;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.network.Architecture;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.Unet2d;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Records as JSON: keys in snake case, enumerations in lower case. Every key has to be there, and
 * no other.
 */
final class ModelJson {
  /** The key of what tells apart the records that can stand in one place. */
  static final String KIND = "kind";

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(EnumFeature.WRITE_ENUMS_TO_LOWERCASE)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .addMixIn(ScheduleSpec.class, ScheduleKinds.class)
          .registerSubtypes(scheduleKinds())
          .addMixIn(Architecture.class, ArchitectureKinds.class)
          .build();

  /** The same line ends on every platform: the text is hashed. */
  private static final DefaultPrettyPrinter PRINTER =
      new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));

  private ModelJson() {}

  /** Tells the kinds of schedules apart, without a trace of JSON in their classes. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = KIND)
  private interface ScheduleKinds {}

  /** Tells the kinds of architectures apart, likewise. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = KIND)
  @JsonSubTypes({
    @JsonSubTypes.Type(value = LabmlUNet.class, name = "labml"),
    @JsonSubTypes.Type(value = Unet2d.class, name = "unet2d")
  })
  private interface ArchitectureKinds {}

  private static NamedType[] scheduleKinds() {
    return Stream.concat(
            Arrays.stream(ScheduleKind.values())
                .map(kind -> new NamedType(kind.type(), kind.name().toLowerCase(Locale.ROOT))),
            Stream.of(
                // No configuration has it: it comes with imported models alone.
                new NamedType(ScheduleSpec.Betas.class, "betas"),
                new NamedType(ScheduleSpec.ZeroTerminalSnr.class, "zero_terminal_snr")))
        .toArray(NamedType[]::new);
  }

  static byte[] write(Object document) {
    try {
      return MAPPER.writer(PRINTER).writeValueAsBytes(document);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads a record.
   *
   * @throws DdpmException (data) naming the file and what is wrong in it
   */
  static <T> T read(byte[] json, Class<T> type, String file) {
    try {
      return MAPPER.readValue(json, type);
    } catch (JsonProcessingException e) {
      throw DdpmException.data(e, "%s cannot be used: %s", file, sentence(fault(e, json)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether a text has a word that only a newer version can know, see {@link JsonFault}. */
  static boolean hasUnknownWord(byte[] json, Class<?> type) {
    try {
      MAPPER.readValue(json, type);
      return false;
    } catch (JsonProcessingException e) {
      return fault(e, json).isUnknownWord();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonFault fault(JsonProcessingException e, byte[] json) {
    return new JsonFault(MAPPER, e, json);
  }

  /** What a record says of its values ends with a full stop already. */
  private static String sentence(JsonFault fault) {
    String reason = fault.reason();
    return reason.endsWith(".") ? reason : reason + ".";
  }

  /** A record as a tree, which may be changed. */
  static ObjectNode tree(Object document) {
    return MAPPER.valueToTree(document);
  }
}
