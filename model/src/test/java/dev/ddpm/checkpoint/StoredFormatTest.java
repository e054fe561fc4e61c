package dev.ddpm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{} | the file cannot be used: it has no number format_version.",
        "{\"format_version\":0} | the file cannot be used: it has no number format_version.",
        "{\"format_version\":1.5} | the file cannot be used: it has no number format_version.",
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
