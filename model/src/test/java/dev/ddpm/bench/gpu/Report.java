package dev.ddpm.bench.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** The results of a run as {@code check.json} and as {@code check.md}. */
final class Report {
  private Report() {}

  static void write(Results results, Path folder) throws IOException {
    Files.createDirectories(folder);
    new ObjectMapper()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .writeValue(folder.resolve("check.json").toFile(), results);
    Files.writeString(folder.resolve("check.md"), markdown(results));
  }

  /** One table: a row per check, then a row per figure, then what was left out. */
  static String markdown(Results results) {
    StringBuilder text = new StringBuilder();
    for (String line : results.machine()) {
      text.append(line).append("\n\n");
    }
    text.append("| step | what | precision | found | asked for | |\n|---|---|---|---|---|---|\n");
    for (Check check : results.checks()) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %s | %s | %s |%n",
              check.step().toLowerCase(Locale.ROOT),
              check.what(),
              check.precision(),
              check.failure() == null
                  ? String.format(Locale.ROOT, "%.2g", check.error())
                  : check.failure().replace("|", "/"),
              check.failure() == null ? String.format(Locale.ROOT, "≤ %.2g", check.limit()) : "",
              check.passed() ? "passed" : "FAILED"));
    }
    for (Speed speed : results.speeds()) {
      text.append(
          String.format(
              Locale.ROOT,
              "| speed | %s, batch %d, %s | %s | %.0f images/s trained, %.0f sampled | | |%n",
              speed.network(),
              speed.batch(),
              speed.who(),
              speed.precision(),
              speed.trainImagesPerSecond(),
              speed.sampleImagesPerSecond()));
    }
    for (String line : results.leftOut()) {
      text.append("| left out | ").append(line.replace("|", "/")).append(" | | | | |\n");
    }
    return text.toString();
  }
}
