package dev.ddpm.spark.sample;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ContactSheet;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.kernel.NativeBackend;
import dev.ddpm.spark.config.SamplingConfig;
import dev.ddpm.spark.dataset.ImageRow;
import dev.ddpm.spark.dataset.ImageTableReader;
import dev.ddpm.spark.runtime.Floats;
import dev.ddpm.spark.runtime.HadoopFileStore;
import dev.ddpm.spark.runtime.RuntimeCheck;
import dev.ddpm.unet.EpsModel;
import dev.ddpm.unet.UNetSpec;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * Computes the images between pairs of images of a table, one task per pair, and writes them as an
 * {@link InterpolationTable} and a sheet with a row per pair, the sources at its ends.
 */
public final class InterpolateJob {
  private static final String TABLE = "interpolations.parquet";
  private static final String SHEET = "interpolations.png";

  private final SparkSession spark;
  private final Configuration configuration;

  /** A job. */
  public InterpolateJob(SparkSession spark) {
    this.spark = spark;
    this.configuration = spark.sparkContext().hadoopConfiguration();
  }

  /**
   * Two images.
   *
   * @param first id of the image at λ = 0
   * @param other id of the image at λ = 1
   */
  public record Pair(long first, long other) implements Serializable {}

  /**
   * What is to be computed.
   *
   * @param model path of a model folder
   * @param table path of an image table, of images as the model makes them
   * @param output path of the output folder, new or empty
   * @param pairs at least one
   * @param method how images are taken to noise
   * @param timestep to which they are taken: the higher, the freer the results
   * @param lambdas images per pair
   * @param sampling how they are taken back
   */
  public record Request(
      String model,
      String table,
      String output,
      List<Pair> pairs,
      InterpolationMethod method,
      int timestep,
      int lambdas,
      SamplingConfig sampling) {
    /**
     * Checks the pairs.
     *
     * @throws DdpmException (user) if there is none
     */
    public Request {
      pairs = List.copyOf(pairs);
      if (pairs.isEmpty()) {
        throw DdpmException.user("--pairs: at least one pair is needed, such as 3:17.");
      }
    }
  }

  /**
   * What was computed.
   *
   * @param table path of the table
   * @param sheet path of the picture
   * @param endError root of the mean squared difference of the images at λ = 0 and 1 from the
   *     sources, in levels of 0..255: the error of a round trip
   */
  public record Result(String table, String sheet, double endError) {}

  /**
   * Computes the images.
   *
   * @throws DdpmException for a model, table, id or output folder that cannot be used, before
   *     anything is computed
   */
  public Result run(Request request) {
    StoredModel model =
        StoredModel.read(request.model(), request.sampling().weights(), configuration);
    var plan =
        new InterpolationPlan(
            new SamplingPlan(model.description(), request.sampling()),
            request.method(),
            request.timestep(),
            request.lambdas());
    Path output = emptyFolder(request.output());
    Map<Long, RawImage> sources = sources(request, model.description().unet());
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    RuntimeCheck.run(context, NativeBackend::describe);
    Broadcast<Floats> weights = context.broadcast(new Floats(model.weights()));
    try {
      context.setJobGroup(
          "interpolate", "Interpolating %d pairs".formatted(request.pairs().size()));
      List<Task> tasks = new ArrayList<>();
      for (int i = 0; i < request.pairs().size(); i++) {
        Pair pair = request.pairs().get(i);
        tasks.add(
            new Task(i, sources.get(pair.first()).pixels(), sources.get(pair.other()).pixels()));
      }
      List<List<byte[]>> results =
          context.parallelize(tasks, tasks.size()).map(new Compute(plan, weights)).collect();
      return write(request, plan, model.hash(), output, sources, results);
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "--output = %s: cannot be written: %s.", request.output(), e.getMessage());
    } finally {
      weights.destroy();
    }
  }

  private Path emptyFolder(String output) {
    try {
      Path path = new Path(output);
      FileSystem files = path.getFileSystem(configuration);
      Path folder = files.makeQualified(path);
      if (files.listStatus(folder).length > 0) {
        throw DdpmException.user(
            "--output = %s: is not empty; nothing is ever written over.", output);
      }
      return folder;
    } catch (FileNotFoundException none) {
      return new Path(output);
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "--output = %s: cannot be used: %s.", output, e.getMessage());
    } catch (IllegalArgumentException e) {
      throw DdpmException.user("--output = '%s': is not a path: %s.", output, e.getMessage());
    }
  }

  /** The images of all pairs, by id. */
  private Map<Long, RawImage> sources(Request request, UNetSpec unet) {
    ImageTableReader reader = ImageTableReader.open(spark, request.table());
    if (reader.height() != unet.height()
        || reader.width() != unet.width()
        || reader.channels() != unet.imageChannels()) {
      throw DdpmException.user(
          "--data = %s: has images of %d×%d×%d, but the model makes %d×%d×%d.",
          request.table(),
          reader.height(),
          reader.width(),
          reader.channels(),
          unet.height(),
          unet.width(),
          unet.imageChannels());
    }
    Set<Long> ids = new HashSet<>();
    for (Pair pair : request.pairs()) {
      ids.add(pair.first());
      ids.add(pair.other());
    }
    for (long id : ids) {
      if (id < 0 || id >= reader.images()) {
        throw DdpmException.user(
            "--pairs: there is no image %d; the table %s has the ids 0 to %d.",
            id, request.table(), reader.images() - 1);
      }
    }
    Map<Long, RawImage> sources = new HashMap<>();
    for (ImageRow row : reader.rows().filter(row -> ids.contains(row.id())).collect()) {
      sources.put(
          row.id(), new RawImage(reader.height(), reader.width(), reader.channels(), row.pixels()));
    }
    return sources;
  }

  private Result write(
      Request request,
      InterpolationPlan plan,
      String modelHash,
      Path output,
      Map<Long, RawImage> sources,
      List<List<byte[]>> results)
      throws IOException {
    List<RawImage> cells = new ArrayList<>();
    List<List<Object>> rows = new ArrayList<>();
    double squares = 0;
    for (int i = 0; i < results.size(); i++) {
      Pair pair = request.pairs().get(i);
      RawImage first = sources.get(pair.first());
      RawImage other = sources.get(pair.other());
      cells.add(first);
      for (int k = 0; k < plan.lambdas(); k++) {
        var image =
            new RawImage(first.height(), first.width(), first.channels(), results.get(i).get(k));
        cells.add(image);
        rows.add(row(plan, modelHash, i, pair, k, image));
      }
      cells.add(other);
      squares += meanSquare(first.pixels(), results.get(i).get(0));
      squares += meanSquare(other.pixels(), results.get(i).get(plan.lambdas() - 1));
    }
    var store = new HadoopFileStore(output.toString(), configuration);
    store.createNew(
        TABLE,
        out -> {
          try (ParquetWriter<List<Object>> table =
              ParquetStream.writer(out, InterpolationTable.schema(), Map::of)) {
            for (List<Object> row : rows) {
              table.write(row);
            }
          }
        });
    ContactSheet usual = ContactSheet.of(cells.size(), cells.get(0).height());
    byte[] sheet =
        ImageCodec.encodePng(
            new ContactSheet(plan.lambdas() + 2, usual.margin(), usual.scale(), usual.background())
                .compose(cells));
    store.createNew(SHEET, out -> out.write(sheet));
    return new Result(
        store.location(TABLE), store.location(SHEET), Math.sqrt(squares / (2.0 * results.size())));
  }

  private static List<Object> row(
      InterpolationPlan plan, String modelHash, int number, Pair pair, int result, RawImage image) {
    SamplingPlan sampling = plan.sampling();
    return List.of(
        number,
        pair.first(),
        pair.other(),
        (double) plan.lambda(result),
        SamplingPlan.word(plan.method()),
        sampling.sampler().schedule().timestep(plan.step()),
        ImageCodec.encodePng(image),
        image.height(),
        image.width(),
        image.channels(),
        sampling.sampling().seed(),
        sampling.samplerName(),
        sampling.steps(),
        modelHash);
  }

  private static double meanSquare(byte[] expected, byte[] actual) {
    double sum = 0;
    for (int i = 0; i < expected.length; i++) {
      double difference = (expected[i] & 0xff) - (actual[i] & 0xff);
      sum += difference * difference;
    }
    return sum / expected.length;
  }

  /** A pair with its images, as sent to a task. */
  // Sent, never compared.
  @SuppressWarnings("ArrayRecordComponent")
  private record Task(int pair, byte[] first, byte[] other) implements Serializable {}

  /** Computes the levels of the images of a pair. */
  private record Compute(InterpolationPlan plan, Broadcast<Floats> weights)
      implements Function<Task, List<byte[]>> {

    @Override
    public List<byte[]> call(Task task) {
      EpsModel model = EpsModel.create(plan.sampling().model().unet(), 0, new NoOp());
      model.setParameters(weights.value().values());
      int size = plan.sampling().imageSize();
      float[] images = plan.compute(model, task.pair(), values(task.first()), values(task.other()));
      List<byte[]> levels = new ArrayList<>();
      for (int i = 0; i < plan.lambdas(); i++) {
        byte[] image = new byte[size];
        plan.sampling().model().dataRange().toBytes(images, i * size, image, 0, size);
        levels.add(image);
      }
      return levels;
    }

    private float[] values(byte[] levels) {
      float[] values = new float[levels.length];
      plan.sampling().model().dataRange().fromBytes(levels, 0, values, 0, levels.length);
      return values;
    }
  }
}
