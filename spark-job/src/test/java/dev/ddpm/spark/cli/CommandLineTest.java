package dev.ddpm.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.LocalSpark;
import dev.ddpm.spark.TinyExperiment;
import dev.ddpm.spark.dataset.Files64;
import dev.ddpm.spark.sample.TinyModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The command line as a user meets it: what works, and one line and exit code for what does not.
 */
class CommandLineTest {
  @RegisterExtension static final LocalSpark SPARK = new LocalSpark();

  private static final Path MODEL = Path.of("src/test/resources/model-v1").toAbsolutePath();

  @TempDir static Path shared;
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void makeTables() {
    TinyExperiment.ingest(SPARK.session(), shared.resolve("table").toString(), 16, 16);
    SPARK
        .session()
        .read()
        .parquet(shared.resolve("table").toString())
        .drop("image")
        .write()
        .parquet(shared.resolve("no-image").toString());
  }

  @BeforeAll
  static void damageModels() throws IOException {
    Path truncated = TinyModel.write(shared.resolve("truncated"), 5).resolve("weights.safetensors");
    byte[] weights = Files.readAllBytes(truncated);
    Files.write(truncated, Arrays.copyOf(weights, weights.length / 2));

    Path nan = TinyModel.write(shared.resolve("nan"), 5).resolve("weights.safetensors");
    ByteBuffer.wrap(weights)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putFloat(weights.length - Float.BYTES, Float.NaN);
    Files.write(nan, weights);

    Path future = TinyModel.write(shared.resolve("future"), 5).resolve("model.json");
    Files.writeString(future, "{\"format_version\" : 99}");
  }

  @BeforeEach
  void makeFiles() throws IOException {
    Files.writeString(folder.resolve("notes.txt"), "These are notes.");
    Path pictures = Files.createDirectories(folder.resolve("pictures"));
    Files.write(
        pictures.resolve("a.png"), ImageCodec.encodePng(new RawImage(4, 4, 1, new byte[16])));
    Files.writeString(pictures.resolve("text.png"), "This is no picture.");
    SPARK.session();
  }

  private int run(List<String> arguments) {
    return Ddpm.run(
        new PrintWriter(out, true), new PrintWriter(err, true), arguments.toArray(String[]::new));
  }

  /** Splits at blanks; {folder} and {shared} are folders, {model} is a model. */
  private List<String> words(String arguments) {
    List<String> words = new ArrayList<>();
    for (String word : arguments.split(" ", -1)) {
      words.add(
          word.replace("{folder}", folder.toString())
              .replace("{shared}", shared.toString())
              .replace("{model}", MODEL.toString())
              .replace("{idx}", Files64.IMAGES)
              .replace("{empty}", ""));
    }
    return words;
  }

  private void succeed(String arguments, String... options) {
    List<String> all = words(arguments);
    all.addAll(List.of(options));
    assertThat(run(all)).as(() -> err.toString()).isZero();
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void fromImageFilesToSamples() {
    String[] options = TinyExperiment.options().toArray(String[]::new);

    succeed(
        "ingest --source idx --height 16 --width 12 --resize stretch --output {folder}/table"
            + " {idx}");
    succeed("train --data {folder}/table --run {folder}/run --set training.max-rounds=2", options);
    succeed("sample --model {folder}/run --output {folder}/samples --count 5", options);

    assertThat(out.toString().lines())
        .containsSubsequence(
            "64 images of 16×12×1 in " + folder.resolve("table"),
            "Model: file:" + folder.resolve("run/model"),
            "Contact sheet: file:" + folder.resolve("samples/contact-sheet.png"));
    assertThat(folder.resolve("samples/contact-sheet.png")).isRegularFile();
    assertThat(SPARK.session().read().parquet(folder.resolve("samples/images").toString()).count())
        .isEqualTo(5);
  }

  /** No configuration of the training is given: a model of 1,200 timesteps, and one of 100. */
  @Test
  void stepsAreCheckedAgainstTheModel() {
    TinyModel.write(
        folder.resolve("many"), 5, Preset.PAPER, new ScheduleSpec.Linear(1200, 1e-4, 0.02));
    TinyModel.write(folder.resolve("few"), 5);
    String more =
        " --count 1 --set sampling.steps=1100 --set sampling.sampler=ddim --set"
            + " sampling.micro-batch=1";

    succeed("sample --model {folder}/many --output {folder}/o" + more);
    assertThat(run(words("sample --model {folder}/few --output {folder}/o2" + more))).isEqualTo(2);

    assertThat(folder.resolve("o/contact-sheet.png")).isRegularFile();
    assertThat(err.toString().lines())
        .containsExactly(
            "error: sampling.steps = 1100: must be at most 100, the timesteps of the model.");
    assertThat(folder.resolve("o2")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        // wrong paths
        "3|train --data {folder}/none --run {folder}/run|The image table {folder}/none does not"
            + " exist.",
        "3|train --data {folder}/notes.txt --run {folder}/run|{folder}/notes.txt holds no readable"
            + " Parquet file",
        "3|train --data {folder}/pictures --run {folder}/run|{folder}/pictures holds no readable"
            + " Parquet file",
        "2|train --data {shared}/table --run {folder}/notes.txt --set model.channels=8 --set"
            + " model.norm-groups=8|--run = {folder}/notes.txt:",
        "2|train --data {shared}/table --run {folder}/pictures --set model.channels=8 --set"
            + " model.norm-groups=8|--run = {folder}/pictures:",
        "2|train --data {shared}/table --run {empty} --set model.channels=8 --set"
            + " model.norm-groups=8|--run = '': is not a path",
        "4|train --data {shared}/table --run nfs://x/run --set model.channels=8 --set"
            + " model.norm-groups=8|--run = nfs://x/run: cannot be used: No"
            + " FileSystem for scheme",
        "2|train --config {folder}/none.conf --data t --run r|--config {folder}/none.conf:",
        "3|ingest --source idx --output {folder}/t {folder}/none|{folder}/none",
        "3|ingest --source idx --output {folder}/t {folder}/notes.txt|{folder}/notes.txt",
        "2|ingest --source idx --output {folder}/pictures {idx}|--output = {folder}/pictures: is"
            + " not empty",
        "2|ingest --source idx --output {folder}/notes.txt {idx}|--output = {folder}/notes.txt: is"
            + " a file",
        "2|ingest --source idx --output {empty} {idx}|--output = '': is not a path",
        "3|sample --model {folder}/none --output {folder}/o --count 1|{folder}/none/model.json does"
            + " not exist",
        "3|sample --model {folder}/notes.txt --output {folder}/o --count 1|{folder}/notes.txt",
        "2|sample --model {empty} --output {folder}/o --count 1|not a folder of a known file"
            + " system",
        "3|sample --model {shared}/truncated --output {folder}/o --count 1"
            + "|{shared}/truncated/weights.safetensors",
        "3|sample --model {shared}/nan --output {folder}/o --count 1|is NaN: weights must be"
            + " finite",
        "3|sample --model {shared}/future --output {folder}/o --count 1|{shared}/future/model.json"
            + " was written by a newer version of this program (format 99; this one reads up to 5)",
        "2|sample --model {model} --output {empty} --count 1|--output = '': is not a path",
        "2|sample --model {model} --output {folder}/pictures --count 1|--output ="
            + " {folder}/pictures:",
        // damaged input
        "3|ingest --source folder --channels grey --output {folder}/t {folder}/pictures|text.png is"
            + " not a PNG, JPEG, GIF, BMP, WebP or TIFF file",
        "3|train --data {shared}/no-image --run {folder}/run|'image'",
        // wrong options
        "2|train --data {shared}/table|Missing required option: '--run=FOLDER'",
        "2|train --run {folder}/run|--data is missing",
        "2|train --data t --run r --epochs 3|'--epochs'",
        "2|train --data t --run r --set training.epoch=3|training.epochs",
        "2|train --data t --run r --set training.batch-size=0|training.batch-size = 0",
        "2|trian|did you mean train?",
        "2|sample --model {model} --output o --count many|--count = many: must be a number, at"
            + " least 1",
        "2|sample --model {model} --output {folder}/o|--count: is missing; how many images are"
            + " wanted must be said by it, or by --classes, as in trouser=500,bag=500.",
        "2|sample --model {model} --output {folder}/o --classes uniform|--count: is missing",
        "2|sample --model {model} --output {folder}/o --classes bag=5|sampling.classes = bag=5: the"
            + " model knows no classes.",
        "2|sample --model {model} --output {folder}/o --count 1 --guidance -1|--guidance = -1.0:"
            + " must be at least 0 and at most 1000",
        "2|sample --model {model} --output {folder}/o --count 1 --guidance 2|sampling.guidance ="
            + " 2.0: the model knows no classes, and so no other images, from which",
        "2|sample --model {model} --output {folder}/o --count 1 --set"
            + " sampling.guidance-interval=[5]|sampling.guidance-interval = [5]: must be a first"
            + " and a last timestep",
        "2|sample --model {model} --output {folder}/o --count 0|--count = 0: must be at least 1",
        "2|sample --model {model} --output {folder}/o --count -3|--count = -3: must be at least 1",
        "2|sample --model {model} --output {folder}/o --count 1 --trajectory 51"
            + "|sampling.trajectory = 51: must be at most 50",
        "2|sample --model {model} --output {folder}/o --count 1 --set sampling.sampler=eular|eular",
        "2|sample --model {model} --output {folder}/o --count 1 --sampler eular|'eular' is not one"
            + " of ddpm, ddim, dpm-solver++, unipc, euler, heun",
        "2|sample --model {model} --output {folder}/o --count 1 --spacing even|'even' is not one"
            + " of",
        "2|sample --model {model} --output {folder}/o --count 1 --steps 51"
            + "|sampling.steps = 51: must be at most 50",
        "2|sample --model {model} --output {folder}/o --count 1 --sampler ddim --noise-levels"
            + " karras|sampling.noise-levels = karras: is not for sampling.sampler = ddim; take one"
            + " of dpm-solver++, unipc, euler, heun, or noise-levels = schedule.",
        "2|sample --model {model} --output {folder}/o --count 1 --sampler ddim --steps 25 --spacing"
            + " leading --set sampling.steps-offset=2|sampling.sampler = ddim: the steps-offset = 2"
            + " must be at most 1, because with 25 of 50 timesteps the last one is 48.",
        "2|sample --model {model} --output {folder}/o --count 1 --sampler unipc --steps 40"
            + " --noise-levels karras --trajectory 40|sampling.trajectory = 40: must be at most",
        "2|sample --model {model} --output {folder}/o --count 1 --sampler heun --set"
            + " sampling.sampler=ddim|--sampler heun and --set sampling.sampler=ddim contradict"
            + " each other; leave out one of them.",
        "2|sample --model {model} --output {folder}/o --count 1 --x0 --set"
            + " sampling.keep-x0=false|--x0 and --set sampling.keep-x0=false contradict each other",
        "2|import --from labml nowhere --output {folder}/o --height 8 --set"
            + " model.height=16|--height 8 and --set model.height=16 contradict each other",
        "2|sample --model {model} --output {folder}/o --count 1 --set"
            + " sampling.steps-offset=1|sampling.steps-offset = 1: is for sampling.spacing ="
            + " leading, and not for linspace; set steps-offset = 0.",
        "2|sample --model {model} --output {folder}/o --count 1 --set sampling.steps=51"
            + "|sampling.steps = 51: must be at most 50",
        "2|train --data {shared}/table --run {folder}/run --set model.channels=8 --set"
            + " model.norm-groups=8 --set diffusion.timesteps=40 --set sampling.steps=50"
            + "|sampling.steps = 50: must be at most 40, the timesteps of the model.",
        "2|train --data {shared}/table --run {folder}/run --set model.height=28|model.height = 28:"
            + " the images of the data set have 16",
      })
  void whatIsWrongIsOneLine(int exitCode, String arguments, String message) {
    assertThat(run(words(arguments))).as(() -> err.toString()).isEqualTo(exitCode);
    assertThat(err.toString().lines())
        .singleElement()
        .asString()
        .startsWith("error: ")
        .contains(String.join(" ", words(message)));
    assertThat(folder.resolve("o")).doesNotExist();
  }

  @Test
  void aFolderOfAnotherRunIsLeftAsItIs() throws IOException {
    String run = "sample --model {model} --output {folder}/o --count 2 --set sampling.steps=2";
    succeed(run);
    String manifest = Files.readString(folder.resolve("o/manifest.json"));

    assertThat(run(words(run + " --set sampling.seed=12"))).isEqualTo(2);

    assertThat(err.toString().lines())
        .containsExactly(
            "error: --output = "
                + folder.resolve("o")
                + ": holds images of other settings (sampling.seed: 0 → 12); name a new folder, or"
                + " set them back.");
    assertThat(folder.resolve("o/manifest.json")).hasContent(manifest);
  }

  @ParameterizedTest
  @CsvSource({
    "train --data {shared}/table --run {folder}/run",
    "sample --model {model} --output {folder}/o --count 1",
  })
  void anotherSerializerIsRefused(String arguments) {
    SPARK.session(
        "local[2]", Map.of("spark.serializer", "org.apache.spark.serializer.KryoSerializer"));

    assertThat(run(words(arguments))).isEqualTo(2);
    assertThat(err.toString().lines())
        .singleElement()
        .asString()
        .startsWith("error: spark.serializer = org.apache.spark.serializer.KryoSerializer: must be")
        .contains("org.apache.spark.serializer.JavaSerializer");
  }
}
