package dev.ddpm.spark.interpolate;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ContactSheet;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.ImageShape;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.config.Word;
import dev.ddpm.spark.io.HadoopFileStore;
import dev.ddpm.spark.io.NamedFolder;
import dev.ddpm.spark.io.ParquetStream;
import dev.ddpm.spark.stored.SamplingPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.parquet.hadoop.ParquetWriter;

/**
 * Writes what was computed between pairs of images: a table, and a sheet with a row per pair, the
 * sources at its ends.
 *
 * @param sources the images of all pairs, by id
 * @param classes the classes of those; empty if the model knows none
 */
record InterpolationOutput(
    InterpolationPlan plan,
    List<InterpolateJob.Pair> pairs,
    Map<Long, RawImage> sources,
    Map<Long, Integer> classes,
    String modelHash) {
  private static final String TABLE = "interpolations.parquet";
  private static final String SHEET = "interpolations.png";
  private static final String NO_CLASS = "none";

  /**
   * Checks that the sheet can be made, before anything is computed.
   *
   * @throws DdpmException (user) if it would be too large
   */
  void requireSheet() {
    ImageShape shape = plan.sampling().model().architecture().imageShape();
    int columns = plan.lambdas() + 2;
    long cells = (long) columns * pairs.size();
    if (cells > Integer.MAX_VALUE || !layout((int) cells).fits((int) cells, shape)) {
      throw DdpmException.user(
          "--lambdas = %d: the sheet of %d pairs of images of %s would have more than %d pixels;"
              + " fewer images or pairs at a time are needed.",
          plan.lambdas(), pairs.size(), shape, ImageCodec.MAX_PIXELS);
    }
  }

  /** A row per pair. */
  private ContactSheet layout(int cells) {
    int height = plan.sampling().model().architecture().imageShape().height();
    ContactSheet usual = ContactSheet.of(cells, height);
    return new ContactSheet(plan.lambdas() + 2, usual.margin(), usual.scale(), usual.background());
  }

  /**
   * Writes table and sheet.
   *
   * @param results levels of the images of every pair, in the order of λ
   * @throws DdpmException (user) if another job has written them in the meantime
   */
  InterpolateJob.Result write(NamedFolder output, List<List<byte[]>> results) {
    List<RawImage> cells = new ArrayList<>();
    List<List<Object>> rows = new ArrayList<>();
    double squares = 0;
    for (int i = 0; i < results.size(); i++) {
      InterpolateJob.Pair pair = pairs.get(i);
      RawImage first = sources.get(pair.first());
      RawImage other = sources.get(pair.other());
      cells.add(first);
      for (int k = 0; k < plan.lambdas(); k++) {
        var image =
            new RawImage(first.height(), first.width(), first.channels(), results.get(i).get(k));
        cells.add(image);
        rows.add(row(i, pair, k, image));
      }
      cells.add(other);
      squares += meanSquare(first.pixels(), results.get(i).get(0));
      squares += meanSquare(other.pixels(), results.get(i).get(plan.lambdas() - 1));
    }
    output.createNew(
        TABLE,
        out -> {
          try (ParquetWriter<List<Object>> table =
              ParquetStream.writer(
                  out,
                  InterpolationTable.schema(!classes.isEmpty()),
                  Set.of(InterpolationTable.IMAGE),
                  Map::of)) {
            for (List<Object> row : rows) {
              table.write(row);
            }
          }
        });
    byte[] sheet = ImageCodec.encodePng(layout(cells.size()).compose(cells));
    output.createNew(SHEET, out -> out.write(sheet));
    HadoopFileStore store = output.store();
    return new InterpolateJob.Result(
        store.location(TABLE), store.location(SHEET), Math.sqrt(squares / (2.0 * results.size())));
  }

  private List<Object> row(int number, InterpolateJob.Pair pair, int result, RawImage image) {
    SamplingPlan sampling = plan.sampling();
    List<Object> row =
        new ArrayList<>(
            List.of(
                number,
                pair.first(),
                pair.other(),
                (double) plan.lambda(result),
                Word.of(plan.method()),
                sampling.sampler().schedule().timestep(plan.step()),
                ImageCodec.encodePng(image),
                image.height(),
                image.width(),
                image.channels(),
                sampling.sampling().seed(),
                sampling.samplerName(),
                sampling.steps(),
                modelHash));
    if (!classes.isEmpty()) {
      int label = classes.get(plan.nearer(result) == 0 ? pair.first() : pair.other());
      List<String> names = sampling.model().classes().names();
      row.add(label);
      row.add(label < names.size() ? names.get(label) : NO_CLASS);
      row.add(sampling.sampling().guidance());
    }
    return row;
  }

  private static double meanSquare(byte[] expected, byte[] actual) {
    double sum = 0;
    for (int i = 0; i < expected.length; i++) {
      double difference = (expected[i] & 0xff) - (actual[i] & 0xff);
      sum += difference * difference;
    }
    return sum / expected.length;
  }
}
