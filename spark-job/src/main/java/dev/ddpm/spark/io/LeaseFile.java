package dev.ddpm.spark.io;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * A {@link LeaseHolder} as a file has it: JSON with a checksum over all of it. A flipped bit must
 * not make a process number of one that lives that of one that has ended.
 */
final class LeaseFile {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final String CHECKSUM = "crc32";

  /** What version 0.1 wrote, which had no checksum. Nothing is concluded from its numbers. */
  private static final Set<String> UNCHECKED =
      Set.of("owner", "host", "pid", "started", "beat", "released");

  private LeaseFile() {}

  /** The content of a file. */
  static byte[] write(LeaseHolder holder) throws IOException {
    ObjectNode tree = JSON.valueToTree(holder);
    tree.put(CHECKSUM, checksum(tree));
    return JSON.writeValueAsBytes(tree);
  }

  /** The holder that a file names; empty if the file is damaged, empty or something else. */
  static Optional<LeaseHolder> read(byte[] content) {
    try {
      if (!(JSON.readTree(content) instanceof ObjectNode tree)) {
        return Optional.empty();
      }
      JsonNode stored = tree.remove(CHECKSUM);
      boolean sound =
          stored == null
              ? tree.properties().stream().allMatch(entry -> UNCHECKED.contains(entry.getKey()))
              : stored.asText().equals(checksum(tree));
      return Optional.of(JSON.treeToValue(tree, LeaseHolder.class))
          .filter(holder -> sound && holder.owner() != null && holder.host() != null);
    } catch (IOException | IllegalArgumentException damaged) {
      return Optional.empty();
    }
  }

  /** Over the JSON of a tree, whose order is that of its file. */
  private static String checksum(ObjectNode tree) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(JSON.writeValueAsBytes(tree));
    return String.format(Locale.ROOT, "%08x", crc.getValue());
  }
}
