package dev.ddpm.spark.interpolate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.BackendChoice;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.dataset.RawTable;
import dev.ddpm.spark.interpolate.InterpolateJob.Pair;
import dev.ddpm.spark.io.SealedFile;
import dev.ddpm.spark.sample.TinyModel;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class InterpolateJobTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path model;
  private static Path table;

  @BeforeAll
  static void prepare() {
    model = TinyModel.write(shared.resolve("model"), 5);
    table = shared.resolve("table");
    List<byte[]> images = new ArrayList<>();
    for (int id = 0; id < 3; id++) {
      byte[] pixels = new byte[64];
      for (int i = 0; i < 64; i++) {
        pixels[i] = (byte) (60 + 40 * id + i);
      }
      images.add(pixels);
    }
    RawTable.of(SPARK.session(), 8, 8, images).coalesce(1).write().parquet(table.toString());
  }

  private InterpolateJob.Result interpolate(
      InterpolationMethod method, int timestep, List<Pair> pairs, String... assignments) {
    return new InterpolateJob(SPARK.session())
        .run(
            new InterpolateJob.Request(
                model.toString(),
                table.toString(),
                folder.resolve("out").toString(),
                pairs,
                method,
                timestep,
                5,
                TinyModel.sampling(assignments),
                BackendChoice.DEFAULT,
                Optional.empty()));
  }

  @ParameterizedTest
  @EnumSource
  void aRowPerPairAndLambdaAndASheet(InterpolationMethod method) throws IOException {
    InterpolateJob.Result result = interpolate(method, 40, List.of(new Pair(0, 2), new Pair(1, 0)));

    List<Row> rows =
        SPARK.session().read().parquet(result.table()).orderBy("pair", "lambda").collectAsList();
    assertThat(rows).hasSize(10);
    assertThat(rows)
        .extracting(row -> row.<Double>getAs("lambda"))
        .startsWith(0.0, 0.25, 0.5, 0.75, 1.0, 0.0);
    assertThat(rows.get(9).<Long>getAs("first_id")).isEqualTo(1);
    assertThat(rows.get(9).<Long>getAs("other_id")).isZero();
    // Five steps visit 0, 25, 50, 74 and 99: 25 is the nearest below 40.
    assertThat(rows.get(0).<Integer>getAs("timestep")).isEqualTo(25);
    assertThat(rows)
        .extracting(row -> ImageCodec.decode(row.getAs("image"), "image").shape())
        .containsOnly("8×8×1");
    RawImage sheet =
        ImageCodec.decode(Files.readAllBytes(folder.resolve("out/interpolations.png")), "sheet");
    assertThat(sheet.shape()).isEqualTo("134×464×1");
  }

  private InterpolateJob.Result ofClasses(
      Path from, InterpolationMethod method, Optional<String> imageClass, double guidance) {
    return ofClasses(from, method, imageClass, guidance, "out");
  }

  private InterpolateJob.Result ofClasses(
      Path from,
      InterpolationMethod method,
      Optional<String> imageClass,
      double guidance,
      String output) {
    Path labelled = folder.resolve("labelled");
    List<byte[]> images = new ArrayList<>();
    for (int id = 0; id < 3; id++) {
      byte[] pixels = new byte[64];
      Arrays.fill(pixels, (byte) (60 + 40 * id));
      images.add(pixels);
    }
    RawTable.of(SPARK.session(), 8, 8, images, Arrays.asList(1, 0, null))
        .write()
        .mode("overwrite")
        .parquet(labelled.toString());
    return new InterpolateJob(SPARK.session())
        .run(
            new InterpolateJob.Request(
                from.toString(),
                labelled.toString(),
                folder.resolve(output).toString(),
                List.of(new Pair(0, 1), new Pair(2, 0)),
                method,
                99,
                5,
                TinyModel.sampling("sampling.guidance=" + guidance),
                BackendChoice.DEFAULT,
                imageClass));
  }

  private static <T> List<T> column(String name, InterpolateJob.Result result) {
    return SPARK
        .session()
        .read()
        .parquet(result.table())
        .orderBy("pair", "lambda")
        .collectAsList()
        .stream()
        .map(row -> row.<T>getAs(name))
        .toList();
  }

  @ParameterizedTest
  @EnumSource
  void eachResultIsOfTheClassOfTheNearerImage(InterpolationMethod method) {
    Path classes = TinyModel.write(folder.resolve("classes"), 5, List.of("Bag", "Boot"));

    InterpolateJob.Result result = ofClasses(classes, method, Optional.empty(), 2);
    assertThat(InterpolateJobTest.<Integer>column("label", result))
        // The third image has no label: 2 stands for none.
        .containsExactly(1, 1, 1, 0, 0, 2, 2, 2, 1, 1);
    assertThat(InterpolateJobTest.<String>column("label_name", result))
        .containsExactly(
            "Boot", "Boot", "Boot", "Bag", "Bag", "none", "none", "none", "Boot", "Boot");
  }

  /** Each image of a pair is drawn from the same noise, whatever its class. */
  @Test
  void itIsDrawnInThatClass() {
    Path classes = TinyModel.write(folder.resolve("classes"), 5, List.of("Bag", "Boot"));
    InterpolationMethod method = InterpolationMethod.SAME_NOISE;
    List<byte[]> nearer = column("image", ofClasses(classes, method, Optional.empty(), 2, "a"));
    List<byte[]> bags = column("image", ofClasses(classes, method, Optional.of("Bag"), 2, "b"));
    List<byte[]> boots = column("image", ofClasses(classes, method, Optional.of("Boot"), 2, "c"));

    assertThat(nearer.subList(0, 3)).containsExactlyElementsOf(boots.subList(0, 3));
    assertThat(nearer.subList(3, 5)).containsExactlyElementsOf(bags.subList(3, 5));
    for (int i = 0; i < 10; i++) {
      assertThat(bags.get(i)).as("image %d", i).isNotEqualTo(boots.get(i));
    }
  }

  @ParameterizedTest
  @EnumSource
  void allCanBeOfOneClass(InterpolationMethod method) {
    Path classes = TinyModel.write(folder.resolve("classes"), 5, List.of("Bag", "Boot"));
    InterpolateJob.Result bags = ofClasses(classes, method, Optional.of("bag"), 2);

    assertThat(InterpolateJobTest.<Integer>column("label", bags)).hasSize(10).containsOnly(0);
    assertThat(SPARK.session().read().parquet(bags.table()).collectAsList())
        .extracting(row -> row.<Double>getAs("guidance"))
        .containsOnly(2.0);
  }

  @Test
  void whatIsNoClassIsRefused() {
    Path classes = TinyModel.write(folder.resolve("classes"), 5, List.of("Bag", "Boot"));
    InterpolationMethod method = InterpolationMethod.SAME_NOISE;

    assertThatThrownBy(() -> ofClasses(classes, method, Optional.of("Bug"), 2))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--class = Bug: there is no class 'Bug'; most like it: Bag, Boot. The model knows 2,"
                + " numbered from 0 on: Bag, Boot.");
    Path numbered = TinyModel.write(folder.resolve("numbered"), 5, ClassLabels.numbered(2));
    assertThatThrownBy(() -> ofClasses(numbered, method, Optional.empty(), 2))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("sampling.guidance = 2.0: the model knows 2 classes, but not how");
    assertThatThrownBy(() -> ofClasses(numbered, method, Optional.empty(), 1))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--pairs: the image 2 of the table ")
        .hasMessageContaining(" has no label, and the model needs one; --class names a class for");
    assertThatThrownBy(() -> ofClasses(model, method, Optional.of("Bag"), 1))
        .isInstanceOf(DdpmException.class)
        .hasMessage("--class = Bag: the model knows no classes.");
  }

  @Test
  void theTableCarriesADigestOfItself() throws Exception {
    InterpolateJob.Result result =
        interpolate(InterpolationMethod.SAME_NOISE, 40, List.of(new Pair(0, 2)));

    SealedFile.requireDamageIsNoticed(Path.of(URI.create(result.table())));
  }

  @Test
  void inversionGivesTheImagesBackAtTheEnds() {
    InterpolateJob.Result result =
        interpolate(
            InterpolationMethod.INVERSION, 50, List.of(new Pair(0, 2)), "sampling.steps=100");

    assertThat(result.endError()).isLessThan(0.5);
  }

  @Test
  void littleNoiseChangesLittle() {
    InterpolateJob.Result result =
        interpolate(
            InterpolationMethod.SAME_NOISE, 0, List.of(new Pair(0, 2)), "sampling.steps=100");

    assertThat(result.endError()).isLessThan(20);
  }

  /** Ten steps from 99 down to 0 visit 55, and above 0 they visit 59. */
  @ParameterizedTest
  @CsvSource({"euler, 55", "heun, 55", "dpm-solver++, 59", "unipc, 59"})
  void everySolverCanBeginWithinItsLevels(String sampler, int timestep) {
    InterpolateJob.Result result =
        interpolate(
            InterpolationMethod.SAME_NOISE,
            60,
            List.of(new Pair(0, 2)),
            "sampling.sampler=" + sampler,
            "sampling.steps=10",
            "sampling.end=first-level");

    assertThat(SPARK.session().read().parquet(result.table()).collectAsList())
        .hasSize(5)
        .allSatisfy(row -> assertThat(row.<Integer>getAs("timestep")).isEqualTo(timestep));
  }

  /** At timestep 0 the lowest level that the model is asked about is taken. */
  @ParameterizedTest
  @CsvSource({"euler, 0", "heun, 1", "dpm-solver++, 0", "unipc, 0", "unipc, 99", "heun, 98"})
  void karrasLevelsCanBeBegunWithin(String sampler, int timestep) {
    InterpolateJob.Result result =
        interpolate(
            InterpolationMethod.SAME_NOISE,
            timestep,
            List.of(new Pair(0, 2)),
            "sampling.sampler=" + sampler,
            "sampling.noise-levels=karras",
            "sampling.end=first-level");

    assertThat(SPARK.session().read().parquet(result.table()).count()).isEqualTo(5);
  }

  @Test
  void inversionNeedsADeterministicSampler() {
    assertThatThrownBy(
            () ->
                interpolate(
                    InterpolationMethod.INVERSION, 40, List.of(new Pair(0, 1)), "sampling.eta=0.5"))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--method = inversion: needs sampling.sampler = ddim");
  }

  @Test
  void anIdThatTheTableHasNotIsNamed() {
    assertThatThrownBy(
            () -> interpolate(InterpolationMethod.SAME_NOISE, 40, List.of(new Pair(0, 3))))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--pairs: there is no image 3")
        .hasMessageContaining("ids 0 to 2");
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void aTimestepThatTheModelHasNotIsNamed() {
    assertThatThrownBy(
            () -> interpolate(InterpolationMethod.SAME_NOISE, 100, List.of(new Pair(0, 1))))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--timestep = 100: must be in 0..99");
  }

  @Test
  void moreImagesAtATimeThanFitInMemoryAreRefused() {
    var request =
        new InterpolateJob.Request(
            model.toString(),
            table.toString(),
            folder.resolve("out").toString(),
            List.of(new Pair(0, 1)),
            InterpolationMethod.SAME_NOISE,
            40,
            60_000,
            TinyModel.sampling(),
            BackendChoice.DEFAULT,
            Optional.empty());
    var job = new InterpolateJob(SPARK.session("local[8]", Map.of()));

    assertThatThrownBy(() -> job.run(request))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("outside of the Java heap, but has")
        .hasMessageContaining("or lower --lambdas or the number of tasks");
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void aSheetThatWouldBeTooLargeIsRefusedBeforeAnythingIsComputed() {
    List<Pair> pairs = Collections.nCopies(3000, new Pair(0, 1));

    assertThatThrownBy(() -> interpolate(InterpolationMethod.SAME_NOISE, 40, pairs))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--lambdas = 5: the sheet of 3000 pairs of images of 8×8×1 would");
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void moreImagesThanAnArrayHoldsAreRefused() {
    var request =
        new InterpolateJob.Request(
            model.toString(),
            table.toString(),
            folder.resolve("out").toString(),
            List.of(new Pair(0, 1)),
            InterpolationMethod.SAME_NOISE,
            40,
            100_000_000,
            TinyModel.sampling(),
            BackendChoice.DEFAULT,
            Optional.empty());
    var job = new InterpolateJob(SPARK.session());

    assertThatThrownBy(() -> job.run(request))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("--lambdas = 100000000: at most 33554431 images of 8×8×1");
  }

  @Test
  void nothingIsWrittenOver() {
    interpolate(InterpolationMethod.SAME_NOISE, 40, List.of(new Pair(0, 1)));

    assertThatThrownBy(
            () -> interpolate(InterpolationMethod.SAME_NOISE, 40, List.of(new Pair(0, 1))))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("is not empty");
  }

  /** Both find the folder empty, and one is done first. */
  @Test
  void ofTwoJobsAtATimeOneSaysThatItHasWritten() {
    List<CompletableFuture<InterpolateJob.Result>> jobs = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      jobs.add(
          CompletableFuture.supplyAsync(
              () -> interpolate(InterpolationMethod.SAME_NOISE, 40, List.of(new Pair(0, 1)))));
    }

    List<Throwable> refused =
        jobs.stream()
            .map(running -> running.handle((result, failure) -> failure).join())
            .filter(Objects::nonNull)
            .toList();
    assertThat(refused)
        .singleElement()
        .extracting(Throwable::getCause)
        .isInstanceOfSatisfying(
            DdpmException.class,
            told ->
                assertThat(told)
                    .hasMessageContaining("--output = ")
                    .hasMessageContaining("nothing is ever overwritten")
                    .returns(DdpmException.Category.USER, DdpmException::category));
  }
}
