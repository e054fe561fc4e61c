package dev.ddpm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A document of three versions: {@code sort} became {@code kind}, and then got a size. */
class StoredFormatTest {
  private static final StoredFormat.Upgrade RENAMED =
      document -> StoredFormat.rename(document, "sort", "kind");
  private static final StoredFormat.Upgrade SIZED = document -> document.put("size", 1);

  private static String upgraded(StoredFormat format, String json) {
    return new String(
        format.upgrade(json.getBytes(StandardCharsets.UTF_8), "the file"), StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{\"format_version\":1,\"sort\":\"a\",\"x\":0}",
        "{\"format_version\":2,\"kind\":\"a\",\"x\":0}",
        "{\"format_version\":3,\"kind\":\"a\",\"x\":0,\"size\":1}",
      })
  void everyVersionIsReadAsTheNewest(String json) {
    assertThat(upgraded(StoredFormat.numbered(RENAMED, SIZED), json))
        .isEqualTo("{\"format_version\":3,\"kind\":\"a\",\"x\":0,\"size\":1}");
  }

  @Test
  void theNewestIsLeftAsItIs() {
    String json = "{ \"format_version\" : 3,\n \"odd\" : [ 1.50 ] }";

    assertThat(upgraded(StoredFormat.numbered(RENAMED, SIZED), json)).isEqualTo(json);
  }

  @Test
  void aFirstVersionMayHaveHadNoNumber() {
    assertThat(upgraded(StoredFormat.firstUnnumbered(RENAMED), "{\"sort\":\"a\"}"))
        .isEqualTo("{\"kind\":\"a\",\"format_version\":2}");
  }

  @Test
  void whatIsNewerIsRefused() {
    String json = "{\"format_version\":4}";
    StoredFormat format = StoredFormat.numbered(RENAMED, SIZED);

    assertThat(format.isNewer(json.getBytes(StandardCharsets.UTF_8))).isTrue();
    assertThatThrownBy(() -> upgraded(format, json))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessage(
            "the file was written by a newer version of this program (format 4; this one reads up"
                + " to 3): use that version.");
  }

  @Test
  void aDigestIsAddedAndTakenAwayAgain() {
    StoredFormat format = StoredFormat.numbered(RENAMED).withDigestSince(2);
    ObjectNode content = new JsonMapper().createObjectNode().put("kind", "é").put("x", 1e-4);

    String written = new String(format.write(content), StandardCharsets.UTF_8);

    assertThat(written)
        .matches(
            """
            \\{
              "format_version" : 2,
              "kind" : "é",
              "x" : 1\\.0E-4,
              "digest" : "sha256:[0-9a-f]{64}"
            }
            """);
    assertThat(upgraded(format, written)).isEqualTo(written.replaceFirst(",\n  \"digest.*", ""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "\"x\" : 1 | \"x\" : 2 | the file is damaged: it has the SHA-256 ",
        "\"x\" : 1 | \"x\":1 | the file is damaged: it has the SHA-256 ",
        "format_version\" : 2 | format_version\" : 1 | the file is damaged: it has the SHA-256 ",
        "format_version\" : 2 | format_version\" : 6 | the file is damaged: it has the SHA-256 ",
        "digest | dijest | the file is damaged: a document of format 2 ends with its digest, and"
            + " this one does not.",
        "sha256: | sha257: | the file is damaged: a document of format 2 ends with its digest, and"
            + " this one does not.",
      })
  void aDigestThatIsNotThatOfTheTextIsDamage(String from, String to, String message) {
    StoredFormat format = StoredFormat.numbered(RENAMED).withDigestSince(2);
    String written =
        new String(
            format.write(new JsonMapper().createObjectNode().put("x", 1)), StandardCharsets.UTF_8);
    String changed = written.replace(from, to);

    assertThat(changed).isNotEqualTo(written);
    assertThat(format.isNewer(changed.getBytes(StandardCharsets.UTF_8))).isFalse();
    assertThatThrownBy(() -> upgraded(format, changed))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessageStartingWith(message);
  }

  @Test
  void anEarlierVersionHasNoDigest() {
    StoredFormat format = StoredFormat.numbered(RENAMED).withDigestSince(2);

    assertThat(upgraded(format, "{\"format_version\":1}")).isEqualTo("{\"format_version\":2}");
    assertThatThrownBy(() -> upgraded(format, "{\"format_version\":1,\"digest\":\"\"}"))
        .hasMessage("the file is damaged: a document of format 1 has no digest, and this one has.");
  }

  @Test
  void aNumberMayBeOfAnyLength() {
    String json = "{\"format_version\":99999999999}";
    StoredFormat format = StoredFormat.numbered(RENAMED);

    assertThat(format.isNewer(json.getBytes(StandardCharsets.UTF_8))).isTrue();
    assertThatThrownBy(() -> upgraded(format, json))
        .hasMessageContaining("(format 99999999999; this one reads up to 2)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{} | the file cannot be used: it has no number format_version.",
        "{\"format_version\":0} | the file cannot be used: format_version = 0: must be a whole"
            + " number, at least 1.",
        "{\"format_version\":1.5} | the file cannot be used: format_version = 1.5: must be a whole"
            + " number, at least 1.",
        "{\"format_version\":\"2\"} | the file cannot be used: format_version = \"2\": must be a"
            + " whole number, at least 1.",
        "{\"format_version\":-99999999999} | the file cannot be used: format_version =",
        "{\"format_version\":1} {} | the file is not valid JSON: something follows after its end"
            + " at",
        "[] | the file cannot be used: it has no number format_version.",
        "{\"format_version\":1 | the file is not valid JSON: ",
        "{\"format_version\":1,\"format_version\":2} | the file is not valid JSON: Duplicate field",
      })
  void whatHasNoVersionIsDamaged(String json, String message) {
    StoredFormat format = StoredFormat.numbered(RENAMED);

    assertThat(format.isNewer(json.getBytes(StandardCharsets.UTF_8))).isFalse();
    assertThatThrownBy(() -> upgraded(format, json))
        .isInstanceOf(DdpmException.class)
        .hasMessageStartingWith(message);
  }
}
