package dev.ddpm.spark.sample;

import dev.ddpm.spark.cluster.Durations;
import dev.ddpm.spark.stored.DrawnClasses;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;

/** The manifest of an output folder and its contact sheet as one HTML page without other files. */
final class SampleReport {
  static final String FILE_NAME = "report.html";

  private static final String STYLE =
      "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
          + "color:#222}h1{font-size:1.4rem}table{border-collapse:collapse;margin:1rem 0}"
          + "td,th{padding:.25rem .8rem;border-bottom:1px solid #ddd;text-align:left}"
          + "td.n{text-align:right;font-variant-numeric:tabular-nums}"
          + ".good{color:#0a6b2d}.bad{color:#b00020}img{max-width:100%;image-rendering:pixelated}"
          + "code{word-break:break-all}";

  private SampleReport() {}

  /** Writes the page of a folder, replacing an earlier one. */
  static void write(SampleFolder folder) throws IOException {
    byte[] page = page(folder).getBytes(StandardCharsets.UTF_8);
    folder.store().create(FILE_NAME, out -> out.write(page));
  }

  private static String page(SampleFolder folder) throws IOException {
    Manifest manifest = folder.manifest();
    StringBuilder html = new StringBuilder(1 << 16);
    html.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
        .append(escape(folder.path().getName()))
        .append("</title><style>")
        .append(STYLE)
        .append("</style></head><body>\n<h1>Samples: ")
        .append(escape(folder.path().toString()))
        .append("</h1>\n")
        .append(state(manifest))
        .append(picture(folder))
        .append("<h2>Runs</h2>\n<table><tr><th>started</th><th>application</th><th>images</th>")
        .append("<th>time</th><th>images/s</th><th>task slots</th><th>in the sampler</th>")
        .append("<th>failed tasks</th><th>ended</th></tr>\n");
    manifest.sessions().forEach(session -> html.append(row(session)));
    html.append("</table>\n")
        .append(classes(folder.content().classes(), manifest.plan().count()))
        .append("<h2>Settings</h2>\n<table>\n");
    for (Map.Entry<String, String> setting : manifest.settings().entrySet()) {
      html.append("<tr><td>")
          .append(escape(setting.getKey()))
          .append("</td><td><code>")
          .append(escape(setting.getValue()))
          .append("</code></td></tr>\n");
    }
    return html.append("<tr><td>fingerprint</td><td><code>")
        .append(escape(manifest.fingerprint()))
        .append("</code></td></tr>\n</table>\n</body></html>\n")
        .toString();
  }

  private static String state(Manifest manifest) {
    long asked = manifest.plan().count();
    return String.format(
        Locale.ROOT,
        "<p class=\"%s\"><b>%s</b>: %,d of %,d images in %,d files, %,.1f MB.</p>%n",
        manifest.complete() ? "good" : "bad",
        manifest.complete() ? "Complete" : "Incomplete",
        manifest.images(),
        asked,
        manifest.shards().size(),
        manifest.shards().stream().mapToLong(Shard::bytes).sum() / 1e6);
  }

  private static String picture(SampleFolder folder) throws IOException {
    if (!folder.store().exists(SamplePictures.SHEET)) {
      return "";
    }
    try (InputStream in = folder.store().open(SamplePictures.SHEET)) {
      return "<p><img alt=\"The first images\" src=\"data:image/png;base64,"
          + Base64.getEncoder().encodeToString(in.readAllBytes())
          + "\"></p>\n";
    }
  }

  /** How many images of each class there are when all are there. */
  private static String classes(DrawnClasses classes, long images) {
    if (!classes.exist()) {
      return "";
    }
    StringBuilder html =
        new StringBuilder("<h2>Classes</h2>\n<table><tr><th>class</th><th>images</th></tr>\n");
    long[] counts = classes.counts(images);
    for (int number = 0; number < counts.length; number++) {
      if (counts[number] > 0) {
        html.append(
            String.format(
                Locale.ROOT,
                "<tr><td>%s</td><td class=\"n\">%,d</td></tr>%n",
                escape(classes.name(number)),
                counts[number]));
      }
    }
    return html.append("</table>\n").toString();
  }

  private static String row(Manifest.Session session) {
    return String.format(
        Locale.ROOT,
        "<tr><td>%s</td><td>%s</td><td class=\"n\">%,d</td><td class=\"n\">%s</td>"
            + "<td class=\"n\">%.1f</td><td class=\"n\">%d</td><td class=\"n\">%.1f %%</td>"
            + "<td class=\"n\">%d</td>"
            + "<td class=\"%s\">%s</td></tr>%n",
        escape(session.started()),
        escape(session.application()),
        session.imagesDrawn(),
        Durations.readable(session.seconds()),
        session.imagesPerSecond(),
        session.slots(),
        100 * session.samplerShare(),
        session.failedTasks(),
        session.error().isEmpty() ? "good" : "bad",
        session.error().isEmpty() ? "well" : escape(session.error()));
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
