package dev.ddpm.spark.evaluate;

import dev.ddpm.image.ContactSheet;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.image.Rgb;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The results of an evaluation and what there is to see of them, as one page without other files.
 */
final class EvaluationPage {
  private static final String STYLE =
      "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
          + "color:#222}h1{font-size:1.4rem}table{border-collapse:collapse;margin:1rem 0}"
          + "td,th{padding:.25rem .8rem;border-bottom:1px solid #ddd;text-align:left}"
          + "code{word-break:break-all}pre{white-space:pre-wrap;font:inherit}"
          + "figure{display:inline-block;margin:.4rem;width:13rem;vertical-align:top}"
          + "figcaption{font-size:.8rem}img{image-rendering:pixelated}";

  /** Pixels that a small image's side has at least. */
  private static final int LEGIBLE_SIDE = 90;

  private final String name;
  private final Map<String, Object> summary;
  private final List<Measured> results;

  /**
   * A page of results.
   *
   * @param name of the output folder
   */
  EvaluationPage(String name, Map<String, Object> summary, List<Measured> results) {
    this.name = name;
    this.summary = summary;
    this.results = results;
  }

  /** Writes the page; reads the pictures that it shows. */
  String html(Optional<ComparedSets> sets) {
    StringBuilder html = new StringBuilder(1 << 16);
    html.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
        .append(escape(name))
        .append("</title><style>")
        .append(STYLE)
        .append("</style></head><body>\n<h1>Evaluation: ")
        .append(escape(name))
        .append("</h1>\n");
    results.forEach(
        result -> html.append("<pre>").append(escape(result.line())).append("</pre>\n"));
    sets.ifPresent(compared -> appendPictures(html, compared));
    html.append("<h2>Figures and settings</h2>\n<table>\n");
    summary.forEach(
        (key, value) ->
            html.append("<tr><td>")
                .append(escape(key))
                .append("</td><td><code>")
                .append(escape(String.valueOf(value)))
                .append("</code></td></tr>\n"));
    return html.append("</table>\n</body></html>\n").toString();
  }

  private void appendPictures(StringBuilder html, ComparedSets sets) {
    Set<Long> sampleIds = new HashSet<>();
    Set<Long> realIds = new HashSet<>();
    for (Measured result : results) {
      for (PicturePairs shown : result.pictures()) {
        shown.pairs().forEach(pair -> sampleIds.add(pair.sample()));
        shown.pairs().forEach(pair -> realIds.add(pair.real()));
      }
    }
    Map<Long, RawImage> samples = read(sets.generated(), sampleIds);
    Map<Long, RawImage> real = read(sets.real(), realIds);
    for (Measured result : results) {
      for (PicturePairs shown : result.pictures()) {
        html.append("<h2>").append(escape(shown.title())).append("</h2>\n<div>");
        for (PicturePairs.Pair pair : shown.pairs()) {
          html.append("<figure><img alt=\"a sample and a real image\" src=\"data:image/png;base64,")
              .append(picture(samples.get(pair.sample()), real.get(pair.real())))
              .append("\"><figcaption>")
              .append(escape(pair.caption()))
              .append("</figcaption></figure>\n");
        }
        html.append("</div>\n");
      }
    }
  }

  private static Map<Long, RawImage> read(ImageSet set, Set<Long> ids) {
    HashSet<Long> wanted = new HashSet<>(ids);
    var shape = set.reader().imageShape();
    Map<Long, RawImage> images = new HashMap<>();
    if (!wanted.isEmpty()) {
      set.reader()
          .rows(wanted::contains)
          .collect()
          .forEach(
              row ->
                  images.put(
                      row.id(),
                      new RawImage(shape.height(), shape.width(), shape.channels(), row.pixels())));
    }
    return images;
  }

  /** Sample left, real image right. */
  private static String picture(RawImage sample, RawImage real) {
    int scale = Math.max(1, LEGIBLE_SIDE / Math.max(sample.height(), sample.width()));
    RawImage both = new ContactSheet(2, 2, scale, Rgb.WHITE).compose(List.of(sample, real));
    return Base64.getEncoder().encodeToString(ImageCodec.encodePng(both));
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
